/** What the documents show can be typed: commands are parsed as they stand there, manifests are checked. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseCommandLine } from "../../src/cli/parse-command-line.ts";
import { registry } from "../../src/cli/registry.ts";
import { readManifest } from "../../src/manifest/read-manifest.ts";
import { fencedBlocks, posternCommands, readWords } from "../support/read-examples.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const written = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(new URL("docs/", root))
    // Held by tests of their own, which compare them with the code.
    .filter((name) => name.endsWith(".md") && !["cli.md", "errors.md", "http-api.md"].includes(name))
    .map((name) => `docs/${name}`),
  ...readdirSync(new URL("examples/", root), { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() && readdirSync(new URL(`examples/${entry.name}/`, root)).includes("README.md"),
    )
    .map(({ name }) => `examples/${name}/README.md`),
];

/** Why it cannot be typed. */
function mistakeOf(line: string): string[] {
  try {
    const words = readWords(line);
    if (!words.includes("--help")) parseCommandLine(words);
    return [];
  } catch (error) {
    return [`postern ${line}: ${(error as Error).message}`];
  }
}

describe.each(written)("%s", (file) => {
  it("shows commands that there are, with options that they have", () => {
    const lines = fencedBlocks(read(file), /^(sh|bash|)$/)
      .flatMap((block) => block.split("\n"))
      .flatMap(posternCommands);
    expect(lines.flatMap(mistakeOf)).toEqual([]);
  });

  it("names no command in its text that there is not", () => {
    const names = registry.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
    const known = new Set(
      names.flatMap((name) => name.split(" ").map((_, at, words) => words.slice(0, at + 1).join(" "))),
    );
    const wrong = [...read(file).matchAll(/`postern ([a-z][a-z -]*?)(?: [-A-Z0-9_"'<[…].*?)?`/g)]
      .map(([, words]) => words!.trim())
      .filter((words) => !known.has(words) && !names.some((name) => `${words} `.startsWith(`${name} `)));
    expect(wrong).toEqual([]);
  });

  it("shows manifests that are right", () => {
    const issues = fencedBlocks(read(file), /^ya?ml$/)
      .filter((block) => /^services:/m.test(block))
      .flatMap((block) => readManifest(block).issues);
    expect(issues).toEqual([]);
  });
});

it("docs/migrations.md has a Compose service whose command and variables are the job's", () => {
  const [block] = fencedBlocks(read("docs/migrations.md"), /^yaml$/);
  const { migrate } = parse(block!) as { migrate: { command: string; environment: Record<string, string> } };
  expect(parseCommandLine(readWords(migrate.command.replace("postern ", "")))).toMatchObject({
    spec: { path: "db migrate" },
    options: { ci: true },
  });
  expect(Object.keys(migrate.environment)).toEqual(["DATABASE_URL", "MIGRATIONS_DIR"]);
});
