import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { PosternError } from "../../../src/base/error.ts";
import { optionsOf } from "../../../src/cli/command-spec.ts";
import type { CliContext } from "../../../src/cli/context.ts";
import { parseCommandLine } from "../../../src/cli/parse-command-line.ts";
import { groupSummaries, registry } from "../../../src/cli/registry.ts";
import { renderCliDocs } from "../../../src/cli/render-cli-docs.ts";
import { withSuggestion } from "../../../src/cli/suggest-name.ts";
import { posternCommands, readWords } from "../../support/read-examples.ts";

describe.each(registry.map((spec) => [spec.path, spec] as const))("postern %s", (path, spec) => {
  it("has a summary, an example of itself, --json, and code to run", async () => {
    expect(spec.summary).toMatch(/^[a-z].*[^.]$/);
    const names = [path, ...(spec.aliases ?? [])].map((name) => `postern ${name}`);
    expect(spec.examples.some((example) => names.some((name) => example.includes(name)))).toBe(true);
    expect(optionsOf(spec).map(({ flags }) => flags)).toContain("--json");
    expect((await spec.load()).run).toBeTypeOf("function");
  });
});

describe("the registry", () => {
  it("has examples that can be typed", () => {
    const wrong = registry.flatMap(({ path, aliases = [], examples }) =>
      examples.flatMap(posternCommands).filter((line) => {
        const { spec } = parseCommandLine(readWords(line)) ?? {};
        return spec !== undefined && spec.path !== path && !aliases.includes(spec.path);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("names no command twice", () => {
    const paths = registry.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("says what every group is", () => {
    const groups = registry.flatMap(({ path }) =>
      path.includes(" ") ? [path.slice(0, path.lastIndexOf(" "))] : [],
    );
    expect(groups.filter((group) => groupSummaries[group] === undefined)).toEqual([]);
  });

  it("is what docs/cli.md says", async () => {
    expect(await readFile(new URL("../../../docs/cli.md", import.meta.url), "utf8")).toBe(
      renderCliDocs(registry),
    );
  });
});

describe("a command line", () => {
  it("reaches a command by each of its names", () => {
    expect(parseCommandLine(["db", "snapshots", "--limit", "5"])).toMatchObject({
      spec: { path: "db backup list" },
      options: { limit: "5" },
    });
    expect(parseCommandLine(["db", "snapshot", "show", "bkp-1"])?.spec.path).toBe("db backup show");
    expect(parseCommandLine(["db", "snapshot"])?.spec.path).toBe("db backup create");
  });

  it("keeps every --param, also one that begins with a dash", () => {
    expect(
      parseCommandLine(["db", "exec", "select $1", "--param", "-5", "--param", "b"])?.options.param,
    ).toEqual(["-5", "b"]);
  });

  it("leaves the options of a program to that program", () => {
    expect(parseCommandLine(["run", "--", "node", "-e", "1", "--json"])).toMatchObject({
      args: ["node", "-e", "1", "--json"],
    });
  });

  it.each([
    [["db", "lst"], "Did you mean `postern db list`?"],
    [["create"], "Did you mean `postern db create`?"],
    [["db", "list", "--jso"], "Did you mean --json?"],
    [["db", "inspect", "lokcs", "shop"], "Did you mean `postern db inspect locks`?"],
    [["db", "inspect", "shop", "qqqqqqqq"], "Add --help to see how it is used."],
    [["db", "qqqqqqqq"], "Add --help to see how it is used."],
    [["db", "list", "--qqqqqqqq"], "Add --help to see how it is used."],
  ])("%j gets one good suggestion or none", (words, hint) => {
    expect(() => parseCommandLine(words)).toThrow(expect.objectContaining({ code: "Y1013", hint }));
  });

  it.each([
    [["db", "inspect", "lokcs"], "db inspect locks"],
    [["db", "rls", "chekc", "--json"], "db rls check"],
    [["db", "migrations", "verfy"], "db migrations verify"],
    [["db", "info", "lokcs"], undefined],
    [["db", "inspect", "my-shop"], undefined],
  ])("%j is told from the name of a database that is not there", async (words, meant) => {
    const failure = new PosternError("Y3001", "There is no database.", {});
    const told = await withSuggestion(failure, {} as CliContext, words);
    expect(told.hint).toBe(meant && `Did you mean \`postern ${meant}\`?`);
  });

  it("that is not understood is a usage error with a suggestion", () => {
    expect(() => parseCommandLine(["statsu"])).toThrow(
      expect.objectContaining({ code: "Y1013", hint: "Did you mean `postern status`?" }),
    );
  });
});
