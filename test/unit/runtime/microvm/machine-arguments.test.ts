/** What a guest's machine is made of, and what it can reach. */
import { describe, expect, it } from "vitest";
import {
  type Machine,
  machineArguments,
  machineShape,
} from "../../../../src/runtime/microvm/machine-arguments.ts";

const machine: Machine = {
  directory: "/home/instances/ins-1/data",
  socketDirectory: "/home/run/ins-1",
  name: "postern-ins-1",
  kernel: "/images/vmlinuz",
  initramfs: "/images/initramfs",
  root: "/images/root.ext4",
  disk: "/home/instances/ins-1/data/disk.qcow2",
  acceleration: "tcg",
  memoryMegabytes: 320,
  processors: 1,
  dataFolders: ["/qemu/share"],
  ports: { users: { host: "127.0.0.1", port: 7001 }, own: { host: "127.0.77.1", port: 7001 } },
  sandbox: true,
  ephemeral: false,
};

const valuesOf = (args: readonly string[], option: string): string[] =>
  args.flatMap((arg, index) => (arg === option ? [args[index + 1]!] : []));

describe("a guest's machine", () => {
  it("has two networks, out of which nothing goes, and into which one port leads, of this machine only", () => {
    const networks = valuesOf(machineArguments(machine), "-netdev");
    expect(networks).toHaveLength(2);
    for (const network of networks) {
      expect(network).toContain("restrict=on");
      expect(network.match(/hostfwd=/g)).toHaveLength(1);
      expect(network).toMatch(/hostfwd=tcp:127\.\d+\.\d+\.\d+:7001-10\.0\.[23]\.15:5432/);
    }
  });

  it("can start no programs and gain no rights", () => {
    const [sandbox] = valuesOf(machineArguments(machine), "-sandbox");
    for (const part of ["on", "elevateprivileges=deny", "spawn=deny", "resourcecontrol=deny"])
      expect(sandbox!.split(",")).toContain(part);
  });

  it("reads the system without locking it, and cannot write it", () => {
    const root = valuesOf(machineArguments(machine), "-drive").find((drive) => drive.includes("root.ext4"));
    expect(root).toContain("readonly=on");
    expect(root).toContain("file.locking=off");
  });

  it("waits for the disk unless all of it may be lost", () => {
    const cacheOf = (one: Machine) =>
      /cache=(\w+)/.exec(valuesOf(machineArguments(one), "-drive").join(" "))?.[1];
    expect(cacheOf(machine)).toBe("writeback");
    expect(cacheOf({ ...machine, ephemeral: true })).toBe("unsafe");
  });

  it("takes a comma in a path for part of the path", () => {
    const args = machineArguments({ ...machine, disk: "/home/a,b/disk.qcow2" });
    expect(valuesOf(args, "-drive").join(" ")).toContain("file=/home/a,,b/disk.qcow2");
  });

  it("goes on from memory that it is handed as a descriptor, and does not run before it is told to", () => {
    const args = machineArguments({ ...machine, memoryFrom: 3 });
    expect(valuesOf(args, "-incoming")).toEqual(["fd:3"]);
    expect(args).toContain("-S");
    expect(machineArguments(machine)).not.toContain("-incoming");
  });

  it("has the same shape at other ports and in other folders, and another with other memory", () => {
    const moved = {
      ...machine,
      directory: "/other",
      ports: { ...machine.ports, users: { host: "127.0.0.1", port: 9 } },
    };
    expect(machineShape(moved)).toEqual(machineShape(machine));
    expect(machineShape({ ...machine, memoryMegabytes: 768 })).not.toEqual(machineShape(machine));
    expect(machineShape({ ...machine, acceleration: "kvm" })).not.toEqual(machineShape(machine));
  });
});
