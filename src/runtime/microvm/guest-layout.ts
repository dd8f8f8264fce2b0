/** In charge of where the files of a guest are. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { findServerPid, waitForExit } from "../live-process.ts";
import { machineFiles } from "./machine-arguments.ts";

type Place = { dataDirectory: string };

/** In the data directory's place there is the disk that holds it. */
export const guestFiles = ({ dataDirectory }: Place) => ({
  disk: join(dataDirectory, "disk.qcow2"),
  pid: join(dataDirectory, machineFiles.pid),
  console: join(dataDirectory, machineFiles.console),
  keys: join(dataDirectory, "keys.json"),
  /** Postern's own certificate and key, and the one it must find at the other end. */
  bridge: join(dataDirectory, "bridge.json"),
  image: join(dataDirectory, "image.json"),
  memory: join(dataDirectory, "memory"),
  suspended: join(dataDirectory, "suspended.json"),
});

export const guestSockets = ({ socketDirectory }: { socketDirectory: string }) => ({
  monitor: join(socketDirectory, machineFiles.monitor),
  agent: join(socketDirectory, machineFiles.agent),
  memory: join(socketDirectory, "memory.sock"),
});

/** Is this server a guest? Its keys say so, also when its disk is gone. */
export const isGuest = (place: Place): Promise<boolean> =>
  stat(guestFiles(place).keys).then(
    () => true,
    () => false,
  );

/** Of the machine that has the disk. */
export function findGuestPid(place: Place): Promise<number | null> {
  const { pid, disk } = guestFiles(place);
  return findServerPid(pid, disk);
}

/** Has this machine of the guest ended by then? */
export const hasEnded = (place: Place, pid: number, timeoutMs: number): Promise<boolean> =>
  waitForExit(async () => (await findGuestPid(place)) === pid, timeoutMs);

/** Where Postern itself comes in: no port of this machine's own address, and never of another's. */
export const ownHost = "127.0.77.1";
