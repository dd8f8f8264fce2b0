/** In charge of declaring the commands of manifests. */
import type { CommandSpec, OptionSpec } from "../command-spec.ts";

const file: OptionSpec = {
  flags: "-f, --file <file>",
  summary: "the manifest; postern.yaml here or above when absent",
};

export const manifestSpecs: readonly CommandSpec[] = [
  {
    path: "apply",
    summary: "give an environment the databases that postern.yaml declares, and change them where it changed",
    options: [
      { flags: "--env <environment>", summary: "which environment; also POSTERN_ENV" },
      { flags: "--plan", summary: "only tell what would be done" },
      { flags: "--exit-code", summary: "with --plan: exit 8 when there is something to do" },
      { flags: "--project <project>", summary: "name or id; the linked one, or postern.yaml's, when absent" },
      file,
    ],
    examples: ["postern apply --env staging", "postern apply --env production --plan"],
    load: () => import("../commands/apply.ts"),
  },
  {
    path: "manifest check",
    aliases: ["manifest validate"],
    summary: "tell all that is wrong with a manifest, with file, line and column",
    args: [{ name: "[file]", summary: "postern.yaml here or above when absent" }],
    options: [file],
    examples: ["postern manifest check", "postern manifest check deploy/postern.yaml"],
    load: () => import("../commands/manifest-check.ts"),
  },
  {
    path: "manifest schema",
    summary: "print the JSON Schema of manifests, for editors",
    examples: ["postern manifest schema > postern.schema.json"],
    load: () => import("../commands/manifest-schema.ts"),
  },
];
