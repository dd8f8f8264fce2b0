/**
 * In charge of measuring databases in machines of their own: how long one boots, how long one that sleeps takes to answer
 * whoever wakes it, and what memory its machine takes. How busy this machine was is said with it: guests are emulated
 * where there is no KVM, and then processor time is what they are made of.
 */
import { readdirSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { median, percentile } from "./statistics.ts";
import { startTemporaryPostern, type TemporaryPostern } from "./temporary-postern.ts";
import { ask, createSubject, pause, type WakeSubject, type Way, ways } from "./wake-subject.ts";

export interface MicrovmOptions {
  json: boolean;
  /** Cold boots, and wakes by each way. */
  rounds: number;
}

type Begin = "boot" | Way;
interface Sample {
  ms: number;
  processorMs: number;
  memoryMegabytes: number;
}

export async function benchMicrovm({ json, rounds }: MicrovmOptions): Promise<void> {
  const postern = await startTemporaryPostern();
  const tell = (figures: object) =>
    console.log(
      json
        ? JSON.stringify(figures)
        : Object.entries(figures)
            .map(([name, value]) => `${name} ${String(value)}`)
            .join(", "),
    );
  try {
    tell({ ...(await describeHost()), load_before: loadOf() });
    const begunAt = performance.now();
    const subject = await createSubject(postern, { isolation: "microvm" });
    tell({ created_ms: Math.round(performance.now() - begunAt) });
    const samples = await measure(postern, subject, rounds);
    const boot = median(samples.get("boot")!.map(({ ms }) => ms));
    for (const [begin, list] of samples) tell(summary(begin, list, boot));
    await pause(postern, subject);
    tell({
      asleep_memory_mib: 0,
      asleep_file_mib: Math.round((await sleepingBytes(postern)) / 1024 ** 2),
      load_after: loadOf(),
    });
  } finally {
    await postern.close();
  }
}

/** One of each in turn, so that whatever else the machine does disturbs all alike. */
async function measure(postern: TemporaryPostern, subject: WakeSubject, rounds: number) {
  const samples = new Map<Begin, Sample[]>([
    ["boot", []],
    ...ways.map((way) => [way, []] as [Begin, Sample[]]),
  ]);
  for (let round = 0; round < rounds; round += 1) {
    for (const [begin, list] of samples) {
      await pause(postern, subject);
      // Without its memory it boots; everything else is as with a wake.
      if (begin === "boot") await rm(join(folderOf(postern), "data", "memory"));
      const startedAt = performance.now();
      await ask(postern, subject, begin === "boot" ? "http" : begin);
      const ms = performance.now() - startedAt;
      list.push({ ms, ...(await machineOf(postern)) });
    }
  }
  return samples;
}

function summary(begin: Begin, samples: readonly Sample[], bootMs: number) {
  const of = (read: (sample: Sample) => number) => samples.map(read);
  const ms = of((sample) => sample.ms);
  return {
    ...(begin === "boot" ? { cold_start: "first answer by http" } : { wake_by: begin }),
    times: samples.length,
    median_ms: Math.round(median(ms)),
    p90_ms: Math.round(percentile(ms, 0.9)),
    most_ms: Math.round(Math.max(...ms)),
    share_of_cold_start: Math.round((median(ms) / bootMs) * 100) / 100,
    machine_processor_ms: Math.round(median(of((sample) => sample.processorMs))),
    machine_memory_mib: Math.round(median(of((sample) => sample.memoryMegabytes))),
  };
}

function folderOf({ home }: TemporaryPostern): string {
  const folder = join(home, "instances");
  return join(folder, readdirSync(folder).find((name) => name.startsWith("ins-"))!);
}

async function sleepingBytes(postern: TemporaryPostern): Promise<number> {
  const note = await readFile(join(folderOf(postern), "data", "suspended.json"), "utf8");
  return (JSON.parse(note) as { size_bytes: number }).size_bytes;
}

/** What the guest's process has taken by now: nobody else's work is in it. */
async function machineOf(postern: TemporaryPostern): Promise<Omit<Sample, "ms">> {
  const pid = (await readFile(join(folderOf(postern), "data", "qemu.pid"), "utf8")).trim();
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const kilobytes = Number(/^Pss:\s+(\d+)/m.exec(rollup)![1]);
  return { processorMs: ticks * 10, memoryMegabytes: kilobytes / 1024 };
}

const loadOf = (): number => Math.round(loadavg()[0]! * 10) / 10;

/** 2 is SCHED_RR: such a process goes before all ordinary ones, and so does what it starts. */
async function describeHost() {
  const stat = await readFile("/proc/self/stat", "utf8");
  const policy = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[38]);
  return { processors: cpus().length, real_time: policy === 1 || policy === 2 };
}
