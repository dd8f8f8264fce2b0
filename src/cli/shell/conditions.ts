/** In charge of `\\if … \\elif … \\else … \\endif`: which of what is read is run. */
import { posternError } from "../../base/error.ts";

interface Branch {
  /** Is this branch the one that runs? */
  runs: boolean;
  /** Has one of its branches run, or is all of it left out? */
  isSettled: boolean;
  hasElse: boolean;
}

export class Conditions {
  readonly #branches: Branch[] = [];

  get runs(): boolean {
    return this.#branches.every(({ runs }) => runs);
  }

  /** How many are open. */
  get depth(): number {
    return this.#branches.length;
  }

  /** Those that a script has opened and not closed. @throws Y1013 when there are any */
  closeTo(depth: number): void {
    if (this.#branches.length <= depth) return;
    this.#branches.length = depth;
    throw posternError("Y1013", "\\if is not closed.", { hint: "\\endif ends it." });
  }

  /** False where the command is none of these. @throws Y1013 */
  take(command: string, value: string): boolean {
    if (command === "if") {
      const isLeftOut = !this.runs;
      const runs = !isLeftOut && isTrue(value);
      this.#branches.push({ runs, isSettled: isLeftOut || runs, hasElse: false });
      return true;
    }
    if (!/^(elif|else|endif)$/.test(command)) return false;
    const branch = this.#branches.at(-1);
    if (!branch) throw posternError("Y1013", `There is no \\if before \\${command}.`);
    if (command === "endif") this.#branches.pop();
    else {
      if (branch.hasElse) throw posternError("Y1013", `\\${command} stands behind \\else.`);
      branch.hasElse = command === "else";
      branch.runs = !branch.isSettled && (command === "else" || isTrue(value));
      branch.isSettled ||= branch.runs;
    }
    return true;
  }
}

/** @throws Y1013 for what is neither: a typing error must not choose a branch. */
function isTrue(value: string): boolean {
  if (/^(true|on|yes|1|t|y)$/i.test(value)) return true;
  if (/^(false|off|no|0|f|n)$/i.test(value)) return false;
  throw posternError("Y1013", `${value === "" ? "Nothing" : value} is neither true nor false.`);
}
