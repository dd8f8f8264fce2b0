/** Completion: what could stand next, and the scripts in real shells against the real HTTP server. */
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { completeWords, type LookUpNames } from "../../../src/cli/complete-words.ts";
import { httpFixture } from "../../support/http-fixture.ts";
import { adminKey } from "../../support/in-memory-services.ts";

const postern = fileURLToPath(new URL("../../../dist/bin/postern.js", import.meta.url));
const known: LookUpNames = async (kind) => [{ word: `some-${kind}`, meaning: "" }];
const complete = async (...words: string[]) => {
  const found = await completeWords(words, known);
  return "paths" in found ? found.paths : found.candidates.map(({ word }) => word);
};

describe("what could stand next", () => {
  it.each([
    [["db", "inf"], ["info"]],
    [["db", "info", ""], ["some-databases"]],
    [["db", "create", ""], []],
    [["db", "branch", "create", ""], ["some-databases"]],
    [["db", "branch", "delete", ""], ["some-branches"]],
    [["db", "backup", "show", ""], ["some-backups"]],
    [["env", "show", ""], ["some-environments"]],
    [["project", "show", "some-"], ["some-projects"]],
    [["logs", ""], ["some-services"]],
    [["ops", "show", ""], ["some-operations"]],
    [
      ["db", "scale", "--class", "db.p"],
      ["db.p1", "db.p2", "db.p3"],
    ],
    [["db", "scale", "--class", "=", "db.p2"], ["db.p2"]],
    [["db", "scale", "--class=db.p3"], ["--class=db.p3"]],
    [["db", "info", "--env", ""], ["some-environments"]],
    [["db", "info", "--jso"], ["--json"]],
    [["db", "info", "--env", "x", "--jso"], ["--json"]],
    [["completion", "z"], ["zsh"]],
    [["help", "exit"], ["exit-codes"]],
    [["db", "info", "one", ""], []],
    [["nonsense", ""], []],
  ])("%j", async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it("is left to the shell where it is a path", async () => {
    expect(await complete("db", "migrate", "--dir", "")).toBe("directories");
    expect(await complete("db", "exec", "--file", "")).toBe("files");
    expect(await complete("run", "--", "no")).toBe("files");
  });

  it("offers commands and groups at the top, each once", async () => {
    const words = await complete("");
    expect(words).toEqual(expect.arrayContaining(["up", "db", "project", "help"]));
    expect(new Set(words).size).toBe(words.length);
  });
});

const fixture = httpFixture();
let root = "";
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-complete-"));
  const program = join(root, "postern");
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${postern}' "$@"\n`);
  await chmod(program, 0o755);
  environment = {
    PATH: `${root}${delimiter}${process.env.PATH}`,
    HOME: root,
    POSTERN_HOME: join(root, "home"),
    POSTERN_API_URL: `http://127.0.0.1:${await fixture.server.listen()}`,
    POSTERN_API_KEY: adminKey,
  };
});
afterAll(async () => {
  await fixture.server.close();
  await rm(root, { recursive: true, force: true });
});

/** What a program prints; undefined: there is no such program here. */
function run(
  program: string,
  args: string[],
  settings: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; stderr: string } | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env: { ...environment, ...settings } });
    const text = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (part: string) => (text.stdout += part));
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text.stderr += part));
    child.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? resolve(undefined) : reject(error),
    );
    child.once("close", () => resolve(text));
  });
}

const bashProgram = (words: string[]) => `
  eval "$(postern completion bash)"
  complete -p postern >/dev/null || exit 1
  COMP_WORDS=(postern ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}
  _postern; printf '%s\\n' "\${COMPREPLY[@]}"`;

describe("the script", () => {
  it("completes commands, choices and the names of databases in bash", async () => {
    const ask = async (...words: string[]) => (await run("bash", ["-c", bashProgram(words)]))!.stdout.trim();
    expect(await ask("db", "inf")).toBe("info");
    expect(await ask("db", "scale", "--class", "")).toBe("db.p1\ndb.p2\ndb.p3");
    expect(await ask("db", "info", "")).toBe("shop");
    await writeFile(join(root, "dump.sql"), "");
    expect(await ask("db", "exec", "--file", "du")).toBe("dump.sql");
  });

  it("completes in zsh", async ({ skip }) => {
    // `_describe` shows candidates; outside of the line editor it cannot, so it prints what it was given.
    const program = `
      compdef() { :; }; _describe() { print -rl -- "\${(@P)2}"; }
      eval "$(postern completion zsh)"
      words=(postern db inf); CURRENT=3; _postern
      words=(postern db info ''); CURRENT=4; _postern`;
    const end = await run("zsh", ["-f", "-c", program]);
    if (!end) return skip("there is no zsh here");
    expect(end.stderr).toBe("");
    expect(end.stdout).toMatch(/^info:show a database.*\nshop:db-[0-9a-f]{12} ready\n$/);
  });

  it("completes in fish", async ({ skip }) => {
    const end = await run("fish", [
      "--no-config",
      "-c",
      "postern completion fish | source; complete -C 'postern db inf'; complete -C 'postern db info '",
    ]);
    if (!end) return skip("there is no fish here");
    expect(end.stdout).toMatch(/^info\tshow a database.*\nshop\tdb-[0-9a-f]{12} ready\n$/);
  });

  it("offers nothing, without a word, where no Postern answers or no key is known", async () => {
    for (const settings of [{ POSTERN_API_URL: "http://127.0.0.1:1" }, { POSTERN_API_KEY: "" }])
      expect(await run("postern", ["__complete", "db", "info", ""], settings)).toEqual({
        stdout: "",
        stderr: "",
      });
  });

  it("is refused for another shell with the one that was meant", async () => {
    expect((await run("postern", ["completion", "fihs"]))!.stderr).toContain("Did you mean fish?");
  });
});
