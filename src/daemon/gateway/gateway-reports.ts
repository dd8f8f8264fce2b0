/** In charge of telling the control plane which tokens were used and what statements took, once in a while. */
import type { TokenId } from "../../base/id.ts";
import type { TraceBundle } from "../../insights/trace-bundle.ts";
import type { ControlLink } from "./control-link.ts";

const everyMs = 1_000;
/** While nobody takes them: what is older is worth less. */
const mostBundles = 100;

export class GatewayReports {
  readonly #link: Pick<ControlLink, "report" | "isUp">;
  #tokens = new Set<TokenId>();
  #traces: TraceBundle[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(link: Pick<ControlLink, "report" | "isUp">) {
    this.#link = link;
  }

  noteUse(token: TokenId): void {
    this.#tokens.add(token);
  }

  noteStatements(bundle: TraceBundle): void {
    this.#traces.push(bundle);
    if (this.#traces.length > mostBundles) this.#traces.shift();
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.flush(), everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async flush(): Promise<void> {
    if (!this.#link.isUp || this.#tokens.size + this.#traces.length === 0) return;
    const report = { tokens: [...this.#tokens], traces: this.#traces };
    this.#tokens = new Set();
    this.#traces = [];
    await this.#link.report(report).catch(() => {});
  }
}
