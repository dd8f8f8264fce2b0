/** In charge of declaring the command that opens the console. */
import type { CommandSpec } from "../command-spec.ts";

export const consoleSpecs: readonly CommandSpec[] = [
  {
    path: "open",
    summary: "open the console in a browser, signed in",
    args: [{ name: "[database]", summary: "name or id; its page instead of the list" }],
    options: [
      { flags: "--print", summary: "print the address instead; it signs in once and within a minute" },
    ],
    examples: ["postern open", "postern open my-app-db", "postern open --print"],
    load: () => import("../commands/open.ts"),
  },
];
