/** In charge of `docs/cli.md`: the registry as a document. */
import { type CommandSpec, commonOptions, type OptionSpec, optionsOf } from "./command-spec.ts";

export function renderCliDocs(registry: readonly CommandSpec[]): string {
  const common = commonOptions.map(renderOption).join("\n");
  return `# Commands

Data goes to stdout, talk to stderr. Every command takes:

| option | |
|---|---|
${common}

Exit codes: 0 done, 1 failed, 2 usage or an answer is needed, 3 declined, 4 not authenticated or not allowed, 5 not found,
6 conflict, 7 SQL error, 8 something is pending, 9 unreachable or timed out, 130 interrupted. With \`--json\` an error is
\`{"error":{…}}\` on stderr.

The database is the one named as an argument, by \`--db-id\` and \`--token\`, by \`--url\`, by \`POSTERN_DB\` or
\`POSTERN_URL\`, or the one that the folder is linked to; in this order.

${registry.map(renderCommand).join("\n")}`;
}

function renderCommand(spec: CommandSpec): string {
  const usage = [`postern ${spec.path}`, ...(spec.args ?? []).map(({ name }) => name)].join(" ");
  const aliases = (spec.aliases ?? []).map((alias) => `\`postern ${alias}\``);
  const rows = [
    ...(spec.args ?? []).map(({ name, summary }) => row(name, summary)),
    ...optionsOf(spec)
      .filter((option) => !commonOptions.includes(option))
      .map(renderOption),
  ];
  return [
    `## \`${usage}\`\n`,
    `${spec.summary.charAt(0).toUpperCase()}${spec.summary.slice(1)}.${
      aliases.length === 0 ? "" : ` The same: ${aliases.join(", ")}.`
    }\n`,
    ...(rows.length === 0 ? [] : [`| | |\n|---|---|\n${rows.join("\n")}\n`]),
    `\`\`\`sh\n${spec.examples.join("\n")}\n\`\`\`\n`,
  ].join("\n");
}

function renderOption({ flags, summary, choices }: OptionSpec): string {
  const values = choices ? `: ${choices.join(", ")}` : "";
  return row(flags, `${summary}${values}`);
}

const row = (name: string, summary: string): string =>
  `| \`${name.replaceAll("|", "\\|")}\` | ${summary.replaceAll("|", "\\|")} |`;
