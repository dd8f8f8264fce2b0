/** In charge of asking again and again what is due: by a timer that no clock disturbs, and when a backup has ended. */
import { messageOf } from "../base/error.ts";
import type { Service } from "../base/service.ts";
import { awaitOperation } from "../instances/await-operation.ts";
import type { Platform } from "../instances/platform.ts";
import type { OperationRow } from "../state/operations.ts";
import { scheduleBackups, scheduleVerification } from "./schedule-backups.ts";

const everyMs = 20_000;
const longestBackupMs = 86_400_000;

export class BackupScheduler implements Service {
  readonly name = "backup scheduler";
  readonly #platform: Platform;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#kick(), everyMs);
    this.#kick();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  #kick(): void {
    if (this.#running) this.#again = true;
    else this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { observe } = this.#platform;
    do {
      this.#again = false;
      await beginWhatIsDue(this.#platform)
        .then((begun) => begun.map((operation) => this.#continueAfter(operation)))
        .catch((error: unknown) =>
          observe({
            type: "maintenance",
            task: "schedule backups",
            event: "failed",
            detail: messageOf(error),
          }),
        );
    } while (this.#again && this.#timer);
    this.#running = undefined;
  }

  /** Where one has ended there is room for the next. */
  #continueAfter({ id }: OperationRow): void {
    const { stopping } = this.#platform;
    const goOn = () => (this.#timer && !stopping.aborted ? this.#kick() : undefined);
    awaitOperation(this.#platform, id, longestBackupMs, stopping).then(goOn, () => {});
  }
}

const beginWhatIsDue = async (platform: Platform): Promise<OperationRow[]> => [
  ...(await scheduleBackups(platform)),
  ...(await scheduleVerification(platform)),
];
