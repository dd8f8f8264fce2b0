/** In charge of the form of the doctor's checks, and of carrying one out. */
import { asPosternError, type PosternError } from "../../base/error.ts";

const patienceMs = 8_000;

export interface Finding {
  name: string;
  /** False: something is wrong. A warning is not. */
  ok: boolean;
  state: "ok" | "warning" | "wrong" | "fixed";
  detail: string;
  hint: string | null;
  /** What mends it, as it can be typed. */
  command: string | null;
  /** What `--fix` did. */
  fixed: string | null;
}

export interface Check {
  name: string;
  /** What is good. @throws Trouble, or whatever else is wrong */
  look(): string | Promise<string>;
  hint?: string;
  command?: string;
  /** Only what harms nothing. Returns what was done. */
  fix?: (() => Promise<string>) | undefined;
}

/** What a check finds, with more than a sentence to say. */
export class Trouble extends Error {
  readonly about: { hint?: string; command?: string; warning?: boolean };

  constructor(message: string, about: Trouble["about"] = {}) {
    super(message);
    this.about = about;
  }
}

export async function carryOut(check: Check): Promise<Finding> {
  const { name } = check;
  try {
    const detail = await inTime(check.look());
    return { name, ok: true, state: "ok", detail, hint: null, command: null, fixed: null };
  } catch (thrown) {
    if (thrown instanceof Trouble) return describe(check, thrown.message, thrown.about);
    const error = asPosternError(thrown);
    return describe(check, sentenceOf(error), check.hint === undefined ? { hint: error.hint } : {});
  }
}

/** What hangs is as bad as what fails; the doctor goes on. */
async function inTime(looking: string | Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Trouble(`no answer within ${patienceMs / 1_000} s`)), patienceMs);
  });
  return Promise.race([looking, tooLate]).finally(() => clearTimeout(timer));
}

/** Mends what was found where that is safe, and looks again. */
export async function mend(check: Check, found: Finding): Promise<Finding> {
  if (found.state === "ok" || !check.fix) return found;
  const done = await check.fix().catch((thrown: unknown) => asPosternError(thrown));
  if (typeof done !== "string") return { ...found, hint: `It could not be mended: ${sentenceOf(done)}` };
  const now = await carryOut(check);
  return { ...now, state: now.ok && now.state === "ok" ? "fixed" : now.state, fixed: done };
}

function describe(
  { name, hint, command }: Check,
  detail: string,
  about: { hint?: string | undefined; command?: string; warning?: boolean },
): Finding {
  const warning = about.warning === true;
  return {
    name,
    ok: warning,
    state: warning ? "warning" : "wrong",
    detail,
    hint: about.hint ?? hint ?? null,
    command: about.command ?? command ?? null,
    fixed: null,
  };
}

const sentenceOf = (error: PosternError): string =>
  error.code === "Y9001" ? (error.detail ?? error.message) : error.message;
