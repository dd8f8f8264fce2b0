/** In charge of declaring the commands of the user's own configuration. */
import type { CommandSpec } from "../command-spec.ts";

const key = { name: "<key>", summary: "api_url, api_key or home" };

export const configSpecs: readonly CommandSpec[] = [
  {
    path: "config list",
    aliases: ["config ls"],
    summary: "show the settings that count here, secrets masked",
    options: [{ flags: "--show-origin", summary: "and where each comes from" }],
    examples: ["postern config list --show-origin"],
    load: () => import("../commands/config-list.ts"),
  },
  {
    path: "config get",
    summary: "show one setting that counts here",
    args: [{ name: "<key>", summary: "as `postern config list` names it" }],
    options: [{ flags: "--reveal", summary: "also where it is a secret" }],
    examples: ["postern config get api_url"],
    load: () => import("../commands/config-get.ts"),
  },
  {
    path: "config set",
    summary: "keep a setting in the user's configuration",
    args: [key, { name: "[value]", summary: "a key is better asked for, or piped to stdin" }],
    examples: ["postern config set api_url https://db.example.com", "postern config set api_key < key.txt"],
    load: () => import("../commands/config-set.ts"),
  },
  {
    path: "config unset",
    summary: "take a setting out of the user's configuration",
    args: [key],
    examples: ["postern config unset api_key"],
    load: () => import("../commands/config-unset.ts"),
  },
];
