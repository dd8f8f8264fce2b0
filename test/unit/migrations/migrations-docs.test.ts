import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { registry } from "../../../src/cli/registry.ts";
import { lintRules } from "../../../src/migrations/lint/lint-rules.ts";

const text = await readFile(new URL("../../../docs/migrations.md", import.meta.url), "utf8");

it("docs/migrations.md has every rule of the lint with its severity and reason, and no other", () => {
  const rows = [...text.matchAll(/^\| `(\w+)` \| (error|warning) \| (.*) \|$/gm)].map(([, ...row]) => row);
  expect(rows).toEqual(Object.entries(lintRules).map(([rule, { severity, why }]) => [rule, severity, why]));
});

it("names only commands and options that there are", () => {
  const lines = [...text.matchAll(/^(?:\s*command: )?(postern [^#\n]*)/gm)].map(([, line]) => line!.trim());
  expect(lines.length).toBeGreaterThan(12);
  for (const line of lines) {
    const words = line.split(/\s+/).slice(1);
    const spec = registry
      .filter(({ path }) => words.join(" ").startsWith(path))
      .sort((a, b) => b.path.length - a.path.length)[0];
    expect(spec, line).toBeDefined();
    const flags = (spec!.options ?? []).map(({ flags }) => flags).join(" ");
    for (const word of words.filter((one) => one.startsWith("--"))) expect(flags, line).toContain(word);
  }
});
