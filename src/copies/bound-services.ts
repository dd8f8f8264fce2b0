/** In charge of services that run for as long as something is held, and are made anew when it is held again. */
import type { ControlPlaneId } from "../base/id.ts";
import type { Service } from "../base/service.ts";

/** @param signal fires when it is held no more */
export type MakeServices = (signal: AbortSignal, id: ControlPlaneId) => readonly Service[];

export class BoundServices {
  readonly #make: MakeServices[] = [];
  #ending: AbortController | undefined;
  #running: Service[] = [];

  add(make: MakeServices): void {
    this.#make.push(make);
  }

  async begin(id: ControlPlaneId): Promise<void> {
    const ending = new AbortController();
    this.#ending = ending;
    for (const service of this.#make.flatMap((make) => make(ending.signal, id))) {
      if (ending.signal.aborted) return;
      this.#running.push(service);
      await service.start();
    }
  }

  /** Resolves when all have stopped. */
  async end(reason: string): Promise<void> {
    this.#ending?.abort(new Error(reason));
    const running = this.#running.toReversed();
    this.#running = [];
    await Promise.all(running.map((service) => service.stop().catch(() => {})));
  }
}
