/** In charge of which machine a server gets now: image, QEMU, acceleration, memory and ports; and of what it got last. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ServerSpec } from "../runtime.ts";
import type { ServerAccount } from "../server-account.ts";
import { requireQemu } from "./find-qemu.ts";
import { findGuestImage, imageFile, verifyGuestImage } from "./guest-image.ts";
import { guestFiles, ownHost } from "./guest-layout.ts";
import { guestMemory } from "./guest-settings.ts";
import { type Machine, machineShape } from "./machine-arguments.ts";
import { findAcceleration } from "./probe-acceleration.ts";
import { fitOf } from "./suspended-memory.ts";

export interface ComposeMachineOptions {
  /** Images and QEMU are here. */
  root: string;
  /** Where the verdict on the acceleration is kept. */
  directory: string;
  account: ServerAccount;
  ephemeral: boolean;
}

export interface Composed {
  machine: Machine;
  fits: string;
  postgresVersion: string;
  qemuProgram: string;
}

/** @throws Y8100 Y8101 Y8103 */
export async function composeMachine(spec: ServerSpec, options: ComposeMachineOptions): Promise<Composed> {
  const { root, directory, account, ephemeral } = options;
  const major = (await readFile(join(spec.dataDirectory, "PG_VERSION"), "utf8")).trim();
  const image = await findGuestImage(root, major);
  await verifyGuestImage(image);
  const qemu = await requireQemu(root);
  const file = join(directory, "guest-acceleration.json");
  const { acceleration } = await findAcceleration({ image, qemu, account, file });
  const machine: Machine = {
    name: `postern-${spec.name}`,
    directory: spec.dataDirectory,
    socketDirectory: spec.socketDirectory,
    kernel: imageFile(image, "vmlinuz"),
    initramfs: imageFile(image, "initramfs"),
    root: imageFile(image, "root.ext4"),
    disk: guestFiles(spec).disk,
    acceleration,
    memoryMegabytes: guestMemory(spec),
    processors: 1,
    dataFolders: qemu.dataFolders,
    ports: {
      users: { host: "127.0.0.1", port: spec.tcpPort! },
      own: { host: ownHost, port: spec.tcpPort! },
    },
    sandbox: true,
    ephemeral,
  };
  const fits = fitOf([...machineShape(machine), image.digest, qemu.version]);
  return { machine, fits, postgresVersion: image.manifest.postgres_version, qemuProgram: qemu.system };
}

/** What a guest began with: its image is chosen anew at each cold start. */
export interface ImageNote {
  postgres_version: string;
  /** Of everything that its memory depends on. */
  fits: string;
  /** Where users come in. */
  users_port: number | null;
}

/** Undefined before its first start. */
export async function readImageNote(spec: Pick<ServerSpec, "dataDirectory">): Promise<ImageNote | undefined> {
  const text = await readFile(guestFiles(spec).image, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ImageNote);
}
