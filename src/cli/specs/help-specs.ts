/** In charge of declaring the commands that explain the others. */
import type { CommandSpec } from "../command-spec.ts";

export const helpSpecs: readonly CommandSpec[] = [
  {
    path: "help",
    summary: "explain a command or a topic",
    args: [{ name: "[topic...]", summary: "a command, or what `postern help topics` lists" }],
    examples: ["postern help db create", "postern help topics", "postern help exit-codes"],
    load: () => import("../commands/help.ts"),
  },
  {
    path: "completion",
    summary: "print the script by which a shell completes commands, options and names",
    args: [{ name: "<shell>", summary: "bash, zsh or fish" }],
    examples: [
      'eval "$(postern completion bash)"',
      "postern completion zsh > ~/.zfunc/_postern",
      "postern completion fish > ~/.config/fish/completions/postern.fish",
    ],
    load: () => import("../commands/completion.ts"),
  },
];
