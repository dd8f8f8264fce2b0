/** In charge of leading to the runtime that a server belongs to: its data says which; where there is none yet, its specification. */
import { isGuest } from "./microvm/guest-layout.ts";
import type { Runtime, ServerSpec } from "./runtime.ts";

export class RoutedRuntime implements Runtime {
  readonly #processes: Runtime;
  readonly #guests: Runtime;

  constructor(processes: Runtime, guests: Runtime) {
    this.#processes = processes;
    this.#guests = guests;
  }

  async create(spec: ServerSpec): Promise<void> {
    await (spec.inGuest ? this.#guests : await this.#of(spec)).create(spec);
  }

  async start(spec: ServerSpec): Promise<number> {
    return (await this.#of(spec)).start(spec);
  }

  async reload(spec: ServerSpec): Promise<void> {
    await (await this.#of(spec)).reload(spec);
  }

  async stop(spec: ServerSpec): Promise<void> {
    await (await this.#of(spec)).stop(spec);
  }

  async suspend(spec: ServerSpec): Promise<void> {
    await (await this.#of(spec)).suspend(spec);
  }

  async findPid(spec: ServerSpec): Promise<number | null> {
    return (await this.#of(spec)).findPid(spec);
  }

  async versionOf(spec: ServerSpec): Promise<string> {
    return (await this.#of(spec)).versionOf(spec);
  }

  async tend(spec: ServerSpec, options?: { clockMoved?: boolean }): Promise<string | undefined> {
    return (await this.#of(spec)).tend?.(spec, options);
  }

  async remove(spec: ServerSpec): Promise<void> {
    await (await this.#of(spec)).remove(spec);
  }

  async #of(spec: ServerSpec): Promise<Runtime> {
    return (await isGuest(spec)) ? this.#guests : this.#processes;
  }
}
