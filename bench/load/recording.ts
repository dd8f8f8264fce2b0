/** In charge of the measured time of one load: what was answered in it, how fast, and the processor time that it took. */
import { processorTimeUs } from "./processor-time.ts";

export interface LoadTime {
  seconds: number;
  warmupSeconds: number;
  /** The processes whose processor time counts. */
  serverPids: number[];
}

export interface LoadResult {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers with another status than 200. */
  failures: number;
  /** Processor time of the server per request; null when there is no server between the load and Postgres. */
  serverCpuUs: number | null;
  /** Processor time of the load itself per request; null when that is the server, or not known. */
  loadCpuUs: number | null;
}

export class Recording {
  readonly #time: LoadTime;
  readonly #from: number;
  readonly #to: number;
  readonly #latencies: number[] = [];
  #begin: ReturnType<Recording["snapshot"]> | undefined;
  #end: ReturnType<Recording["snapshot"]> | undefined;

  constructor(time: LoadTime) {
    this.#time = time;
    this.#from = performance.now() + time.warmupSeconds * 1000;
    this.#to = this.#from + time.seconds * 1000;
  }

  /** Notes an answer that came now. False: the time is over. */
  note(sentAt: number): boolean {
    const now = performance.now();
    if (now >= this.#to) {
      this.#end ??= this.snapshot();
      return false;
    }
    if (now >= this.#from) {
      this.#begin ??= this.snapshot();
      this.#latencies.push(now - sentAt);
    }
    return true;
  }

  private snapshot() {
    const { user, system } = process.cpuUsage();
    return { serverUs: processorTimeUs(this.#time.serverPids), loadUs: user + system };
  }

  result(failures: number): LoadResult {
    if (!this.#begin || !this.#end) throw new Error("Nothing was answered in the measured time.");
    const count = this.#latencies.length;
    return {
      requestsPerSecond: Math.round(count / this.#time.seconds),
      ...latencyFigures(this.#latencies),
      failures,
      serverCpuUs: Math.round((this.#end.serverUs - this.#begin.serverUs) / count),
      loadCpuUs: Math.round((this.#end.loadUs - this.#begin.loadUs) / count),
    };
  }
}

export function latencyFigures(latenciesMs: number[]): Pick<LoadResult, "p50Ms" | "p99Ms"> {
  const sorted = Float64Array.from(latenciesMs).sort();
  const at = (share: number) => Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 1000) / 1000;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
