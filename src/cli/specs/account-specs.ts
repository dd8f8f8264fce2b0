/** In charge of declaring the commands of accounts. */
import type { CommandSpec, OptionSpec } from "../command-spec.ts";

const password = "the password is asked for, or comes from POSTERN_PASSWORD or stdin";
const username: OptionSpec = { flags: "-u, --username <user>", summary: `name of the account; ${password}` };

export const accountSpecs: readonly CommandSpec[] = [
  {
    path: "register",
    summary: "make an account",
    options: [{ ...username, required: true }],
    examples: ["postern register -u alice"],
    load: () => import("../commands/register.ts"),
  },
  {
    path: "login",
    summary: "get an API key for a username and password, and keep it",
    options: [username],
    examples: ["postern login -u alice"],
    load: () => import("../commands/login.ts"),
  },
  {
    path: "logout",
    summary: "revoke the API key in use, and forget it",
    examples: ["postern logout"],
    load: () => import("../commands/logout.ts"),
  },
  {
    path: "whoami",
    summary: "show the account in use",
    examples: ["postern whoami"],
    load: () => import("../commands/whoami.ts"),
  },
];
