/** In charge of looking at something every so often: never twice at a time, and to its end before it is stopped. */

export interface RepeatedLookOptions {
  everyMs: number;
  look(): Promise<void>;
  /** Hears why a look failed; the next one comes all the same. */
  complain(error: unknown): void;
}

export class RepeatedLook {
  readonly #options: RepeatedLookOptions;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> | undefined;

  constructor(options: RepeatedLookOptions) {
    this.#options = options;
  }

  /** Safe to call twice. */
  start(): void {
    const { everyMs, look, complain } = this.#options;
    this.#timer ??= setInterval(() => {
      this.#underWay ??= look()
        .catch(complain)
        .finally(() => {
          this.#underWay = undefined;
        });
    }, everyMs);
  }

  /** Safe to call twice, and before start. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#underWay;
  }
}
