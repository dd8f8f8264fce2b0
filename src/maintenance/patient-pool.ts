/**
 * In charge of the queue's connections to Postern's own database: who asks for one while that server is being started
 * again waits for it. The queue tells of a job's end without listening to whether that could be told; an error there would
 * be nobody's, and end the daemon.
 */
import pg from "pg";
import { sleep } from "../base/clock.ts";
import { hasCode, messageOf } from "../base/error.ts";

const retryEveryMs = 100;
const patienceMs = 120_000;
const passing = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE", "57P01", "57P02", "57P03", "53300"];

export class PatientPool extends pg.Pool {
  // biome-ignore lint/suspicious/noExplicitAny: two overloads; `query` uses the one with a callback.
  override connect(callback?: any): any {
    return callback ? super.connect(callback) : this.#connectPatiently();
  }

  async #connectPatiently(): Promise<pg.PoolClient> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      try {
        return await super.connect();
      } catch (error) {
        const passes = hasCode(error, ...passing) || /terminated unexpectedly/.test(messageOf(error));
        if (!passes || this.ending || performance.now() > deadline) throw error;
        await sleep(retryEveryMs);
      }
    }
  }
}
