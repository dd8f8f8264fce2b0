/** Topics of help, and that the list of variables is the whole list. */
import { describe, expect, it } from "vitest";
import { exitCodes } from "../../../src/base/error-codes.ts";
import { helpTopics } from "../../../src/cli/help-topics.ts";
import { commandVariables, daemonVariables, gatewayVariables } from "../../../src/cli/known-variables.ts";
import { parseCommandLine } from "../../../src/cli/parse-command-line.ts";
import { registry } from "../../../src/cli/registry.ts";
import { readSources } from "../../support/source-imports.ts";

const topic = (name: string) => helpTopics.find((one) => one.name === name)!.text;

/** Between Postern's own processes, and what it gives to users' services. */
const internal = [
  "POSTERN_START_FD",
  "POSTERN_ISSUE_KEY",
  "POSTERN_SQL_FILE",
  "POSTERN_PROCESS",
  "POSTERN_PROCESS_HOME",
  "POSTERN_ENVIRONMENT",
  "POSTERN_RELEASE",
  "POSTERN_SERVICE",
];

describe("postern help", () => {
  it("names every variable that the sources read, and no other", () => {
    const read = new Set(
      readSources(["cli/known-variables.ts"]).flatMap(
        (text) => text.match(/POSTERN_[A-Z0-9]+(?:_[A-Z0-9]+)*/g) ?? [],
      ),
    );
    for (const name of internal) read.delete(name);
    const named = [...commandVariables, ...daemonVariables, ...gatewayVariables]
      .map(({ name }) => name)
      .filter((name) => name.startsWith("POSTERN_"));
    expect([...named].sort()).toEqual([...read].sort());
    for (const name of named) expect(topic("environment")).toContain(name);
  });

  it("names every exit code", () => {
    const named = [...topic("exit-codes").matchAll(/^ {2}(\d+) /gm)].map((match) => Number(match[1]));
    expect(named).toEqual(
      [0, ...new Set(Object.values(exitCodes))]
        .sort((a, b) => a - b)
        .filter((code, at, all) => all.indexOf(code) === at),
    );
  });

  it("mentions only commands that there are", () => {
    const names = registry.flatMap(({ path, aliases = [] }) => [path, ...aliases]);
    const mentioned = helpTopics.flatMap(({ text }) =>
      [...text.matchAll(/postern ([a-z]+(?:[ -][a-z]+)*)/g)].map((match) => match[1]!),
    );
    const unknown = mentioned.filter((words) => !names.some((name) => `${words} `.startsWith(`${name} `)));
    expect(unknown).toEqual([]);
    expect(mentioned.length).toBeGreaterThan(20);
  });

  it("of a command as JSON is its arguments and options", async () => {
    const selected = parseCommandLine(["help", "db", "create", "--json"])!;
    const { run } = await selected.spec.load();
    let printed: unknown;
    await run(
      {
        output: {
          print: async (value: unknown) => {
            printed = value;
          },
        },
      } as never,
      undefined as never,
    );
    expect(printed).toMatchObject([{ command: "db create", arguments: [{ name: "[name]" }] }]);
  });

  it("of a topic is a command of its own", () => {
    expect(parseCommandLine(["help", "exit-codes"])).toMatchObject({
      spec: { path: "help" },
      args: ["exit-codes"],
    });
  });
});
