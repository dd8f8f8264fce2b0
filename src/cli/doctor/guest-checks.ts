/** In charge of whether databases can have machines of their own here, and whether those that do are well. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseInfo, GuestImageInfo } from "@postern/sdk/protocol";
import type { Config } from "../../base/config.ts";
import type { CliContext } from "../context.ts";
import { followDaemonProgram } from "../daemon-process.ts";
import { formatBytes } from "../format.ts";
import { type Check, Trouble } from "./check.ts";

const build = "postern admin image build";
/** Of a small one, with what QEMU takes itself. */
const guestBytes = 448 * 1024 ** 2;

export const guestChecks = (config: Config, context: CliContext): Check[] => [
  { name: "guests", look: () => inspectGuests(config, context) },
];

async function inspectGuests(config: Config, context: CliContext): Promise<string> {
  const guests = await listGuests(context);
  const { images, qemu } = await lookAtImages();
  const [newest] = images;
  if (!newest && guests.length === 0) return `none, and no image for them (\`${build}\` makes one)`;
  if (!newest) throw new Trouble(`there is no image for ${count(guests)}`, { command: build });
  if (newest.state !== "whole")
    throw new Trouble(`the image is damaged: ${newest.state}`, { command: `${build} --force` });
  if (qemu === undefined) throw new Trouble("there is no QEMU to run them", { command: build });
  const down = guests.filter(({ status }) => status === "unreachable");
  if (down.length > 0)
    throw new Trouble(`${down.map(({ name }) => name).join(", ")} cannot be reached`, {
      command: `postern db status ${down[0]!.name}`,
    });
  const free = await freeMemory();
  if (free < guestBytes)
    throw new Trouble(`${formatBytes(free)} of memory are free: no other guest can begin`, {
      warning: true,
      hint: "Pause databases that are not needed; paused ones take none.",
      command: "postern db list",
    });
  return `${count(guests)}, image ${newest.postgres_version} whole, QEMU ${qemu}, ${await acceleration(config)}, ${formatBytes(free)} of memory free`;
}

const count = ({ length }: readonly unknown[]): string => (length === 1 ? "1 guest" : `${length} guests`);

/** A daemon that does not answer is told of by other checks. */
async function listGuests(context: CliContext): Promise<DatabaseInfo[]> {
  try {
    const databases = await (await context.account()).listDatabases();
    return databases.filter(({ isolation }) => isolation === "microvm");
  } catch {
    return [];
  }
}

async function lookAtImages(): Promise<{ images: GuestImageInfo[]; qemu?: string }> {
  let found: { images: GuestImageInfo[]; qemu?: string } = { images: [] };
  await followDaemonProgram<typeof found>(["guest-image", "--look"], (event) => {
    found = event;
  });
  return found;
}

async function acceleration({ home }: Config): Promise<string> {
  const text = await readFile(join(home, "run", "guest-acceleration.json"), "utf8").catch(() => "");
  if (text === "") return "KVM not looked at yet";
  const verdict = JSON.parse(text) as { acceleration: string; reason: string };
  return verdict.acceleration === "kvm" ? "by KVM" : `emulated (${verdict.reason})`;
}

async function freeMemory(): Promise<number> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  return Number(/^MemAvailable:\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY) * 1024;
}
