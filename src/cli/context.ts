/** In charge of what every command works with: output, questions, and the Postern it talks to. */
import type { Control } from "@postern/sdk/control";
import type { OperationInfo } from "@postern/sdk/protocol";
import { PosternError, posternError } from "../base/error.ts";
import { exitCodes } from "../base/error-codes.ts";
import type { Programs } from "../base/programs.ts";
import { openControl } from "./open-control.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";
import { createPrompt, type Prompt } from "./prompt.ts";
import type { DatabaseTarget } from "./target.ts";
import { resolveApiAccess } from "./user-config.ts";

export interface CliContext {
  readonly output: Output;
  readonly prompt: Prompt;
  readonly directory: string;
  readonly programs: Programs;
  /** The control plane as the user's account. @throws Y2001 without an API key */
  account(): Promise<Control>;
  /** The control plane without credentials. */
  stranger(): Promise<Control>;
  /** The control plane for one database: by its token where it is known, else as the account. */
  forDatabase(target: DatabaseTarget): Promise<Control>;
  /** Waits for an operation's end, showing its steps. @throws its error when it failed */
  finish(control: Control, operation: OperationInfo, what: string): Promise<OperationInfo>;
  /** The same, whatever its end. */
  follow(control: Control, operation: OperationInfo, what: string): Promise<OperationInfo>;
}

export function createContext(output: Output, mayAsk: boolean, programs: Programs): CliContext {
  const account = async () => {
    const { url, apiKey } = await resolveApiAccess();
    if (!apiKey) throw noKey();
    return openControl({ url, apiKey });
  };
  const follow: CliContext["follow"] = async (control, operation, what) => {
    const progress = startProgress(output);
    progress.update(what);
    // The daemon carries the work on, whoever watches it.
    const leave = () => {
      progress.end();
      output.talk(`The work goes on: postern ops watch ${operation.id}`);
      process.exit(exitCodes.interrupted);
    };
    process.once("SIGINT", leave);
    try {
      return await control.watchOperation(operation.id, (now) =>
        progress.update(describeProgress(what, now)),
      );
    } finally {
      process.off("SIGINT", leave);
      progress.end();
    }
  };
  return {
    output,
    prompt: createPrompt(mayAsk),
    directory: process.cwd(),
    programs,
    account,
    stranger: async () => openControl({ url: (await resolveApiAccess()).url }),
    async forDatabase(target) {
      if (target.token === undefined) return account();
      const url = target.apiUrl ?? (await resolveApiAccess()).url;
      return openControl({ url, token: target.token });
    },
    follow,
    async finish(control, operation, what) {
      const ended = await follow(control, operation, what);
      if (ended.status === "completed") return ended;
      if (ended.error) throw PosternError.fromBody(ended.error);
      throw posternError("Y3011", `Operation ${ended.id} was ${ended.status}.`);
    },
  };
}

function describeProgress(what: string, { steps, progress }: OperationInfo): string {
  const step = steps.findLast(({ status }) => status === "running");
  const count =
    progress === null
      ? ""
      : ` ${progress.done}${progress.total === null ? "" : `/${progress.total}`} ${progress.unit}`;
  return `${what}${step ? `  ${step.name}` : ""}${count}`;
}

const noKey = () =>
  posternError("Y2001", "This needs an API key, and there is none.", {
    hint: "Run `postern up` on this machine, `postern login`, or set POSTERN_API_KEY.",
  });
