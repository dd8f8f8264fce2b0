/** In charge of how a guest's machine is put together, as arguments of QEMU; pure. */
import { join } from "node:path";
import { agentPort, guestNetworks } from "./guest-init.ts";

export type Acceleration = "kvm" | "tcg";

export interface Machine {
  /** The guest's own folder, with its pid file. */
  directory: string;
  /** Where it is talked to; such paths must be short. */
  socketDirectory: string;
  /** Name of the process, for people. */
  name: string;
  kernel: string;
  initramfs: string;
  /** Read-only system, shared by all. */
  root: string;
  disk: string;
  acceleration: Acceleration;
  memoryMegabytes: number;
  processors: number;
  /** Folders with firmware, beyond those that QEMU knows itself. */
  dataFolders: readonly string[];
  /** Where users come in, by SCRAM, and where Postern does, by certificate. */
  ports: { users: { host: string; port: number }; own: { host: string; port: number } };
  /** QEMU was built with seccomp. */
  sandbox: boolean;
  /** All of it may be lost: the disk is not waited for. */
  ephemeral: boolean;
  /** Descriptor that memory is read from: it goes on where it was suspended. */
  memoryFrom?: number;
}

export const machineFiles = {
  pid: "qemu.pid",
  monitor: "qmp.sock",
  agent: "agent.sock",
  console: "console.log",
} as const;

/** Everything that memory of an earlier life depends on: it fits this machine only. */
export function machineShape(machine: Machine): string[] {
  const { acceleration, memoryMegabytes, processors } = machine;
  return [
    ...["-M", "pc,usb=off,vmport=off,hpet=on"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...(acceleration === "kvm"
      ? ["-accel", "kvm", "-cpu", "host"]
      : ["-accel", "tcg,thread=multi,tb-size=64", "-cpu", "max"]),
    ...["-smp", String(processors), "-m", String(memoryMegabytes)],
    ...["-append", kernelCommandLine],
    ...["-device", "virtio-blk-pci,drive=root", "-device", "virtio-blk-pci,drive=disk"],
    ...["-device", "virtio-net-pci,netdev=users,romfile=,mac=52:54:00:12:34:01"],
    ...["-device", "virtio-net-pci,netdev=own,romfile=,mac=52:54:00:12:34:02"],
    ...["-device", "virtio-serial-pci"],
    ...["-device", `virtserialport,chardev=agent,name=${agentPort}`],
  ];
}

/**
 * Emulated, what a kernel looks at for nothing takes seconds: ways of interrupts by ACPI's programs (a third of a second for
 * each device), a second clock's opinion of the first, tests of ciphers, modules for security that nothing there is set up for.
 */
const kernelCommandLine = [
  "console=ttyS0 quiet panic=-1 reboot=t rdinit=/init mitigations=off random.trust_cpu=on net.ifnames=0 ipv6.disable=1",
  "acpi=noirq tsc=reliable no_timer_check cryptomgr.notests security=none",
].join(" ");

export function machineArguments(machine: Machine): string[] {
  const { directory, socketDirectory, ports } = machine;
  const socket = (name: string) => escapeOption(join(socketDirectory, name));
  return [
    ...["-name", machine.name, "-pidfile", join(directory, machineFiles.pid)],
    ...machineShape(machine),
    ...["-kernel", machine.kernel, "-initrd", machine.initramfs],
    ...machine.dataFolders.flatMap((folder) => ["-L", folder]),
    ...["-serial", `file:${join(directory, machineFiles.console)}`],
    ...[
      "-drive",
      `id=root,file=${escapeOption(machine.root)},format=raw,if=none,readonly=on,file.locking=off`,
    ],
    "-drive",
    `id=disk,node-name=data,file=${escapeOption(machine.disk)},format=qcow2,if=none,discard=unmap,cache=${machine.ephemeral ? "unsafe" : "writeback"}`,
    ...["-netdev", userNetwork("users", ports.users)],
    ...["-netdev", userNetwork("own", ports.own)],
    ...["-chardev", `socket,id=agent,path=${socket(machineFiles.agent)},server=on,wait=off`],
    ...["-qmp", `unix:${socket(machineFiles.monitor)},server=on,wait=off`],
    ...(machine.sandbox ? ["-sandbox", sandbox] : []),
    ...(machine.memoryFrom === undefined ? [] : ["-S", "-incoming", `fd:${machine.memoryFrom}`]),
  ];
}

const sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/** Nothing goes out of it, to this machine neither; in comes what knocks at one port. */
function userNetwork(id: keyof typeof guestNetworks, { host, port }: { host: string; port: number }): string {
  const { network, host: gateway, guest } = guestNetworks[id];
  return `user,id=${id},net=${network},host=${gateway},restrict=on,ipv6=off,hostfwd=tcp:${host}:${port}-${guest}:5432`;
}

/** A comma would begin the next option. */
const escapeOption = (value: string): string => value.replaceAll(",", ",,");

/** What is booted to learn whether an acceleration works: the real kernel, with a first program that says so and ends. */
export function probeArguments({
  kernel,
  initramfs,
  dataFolders,
}: Pick<Machine, "kernel" | "initramfs" | "dataFolders">): string[] {
  return [
    ...["-M", "pc,usb=off,vmport=off,hpet=on", "-accel", "kvm", "-cpu", "host", "-smp", "1", "-m", "256"],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"],
    ...dataFolders.flatMap((folder) => ["-L", folder]),
    ...["-kernel", kernel, "-initrd", initramfs],
    ...["-append", "console=ttyS0 panic=-1 reboot=t rdinit=/init postern.probe=1"],
  ];
}
