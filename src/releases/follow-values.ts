/**
 * In charge of services having the values of now: when a database that they use gets another password or another place,
 * they are started anew, as by `postern service restart`, whoever changed it and whatever became of the daemon meanwhile.
 */
import type { Service as BackgroundService } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { listOutdatedEnvironments, noteFollowed, readGivenValues } from "../state/given-values.ts";
import type { OperationRow } from "../state/operations.ts";
import type { EnvironmentKey } from "../state/releases.ts";
import { requestRestartFor } from "./request-release.ts";
import type { ServiceKeeper } from "./service-keeper.ts";

const lookEveryMs = 1_000;

export class ValueFollower implements BackgroundService {
  readonly name = "value follower";
  readonly #platform: Platform;
  readonly #keeper: Pick<ServiceKeeper, "isEmpty">;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<unknown> | undefined;

  constructor(platform: Platform, keeper: Pick<ServiceKeeper, "isEmpty">) {
    this.#platform = platform;
    this.#keeper = keeper;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      if (this.#looking || this.#keeper.isEmpty()) return;
      this.#looking = this.follow()
        .catch((error: unknown) => {
          if (!this.#platform.stopping.aborted)
            this.#platform.observe({ type: "fault", where: "value follower", error });
        })
        .finally(() => (this.#looking = undefined));
    }, lookEveryMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** A restart for each environment whose services have old values; one that fails is not tried again for the same values. */
  async follow(): Promise<{ key: EnvironmentKey; operation: OperationRow }[]> {
    const { state } = this.#platform;
    const begun: { key: EnvironmentKey; operation: OperationRow }[] = [];
    for (const key of await listOutdatedEnvironments(state)) {
      const operation = await requestRestartFor(this.#platform, key, async (tx) =>
        noteFollowed(tx, key, await readGivenValues(tx, key)),
      );
      if (operation) begun.push({ key, operation });
    }
    return begun;
  }
}
