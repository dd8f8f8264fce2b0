/** The shell without a terminal, against a real Postgres: what is piped, given and read from files. */
import { type ExecFileSyncOptions, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestServer, superuser, type TestServer } from "../support/test-server.ts";
import { waitUntil } from "../support/wait-until.ts";

const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));

let server: TestServer;
let folder: string;
let command: string[];

beforeAll(async () => {
  server = await startTestServer();
  folder = await mkdtemp(join(tmpdir(), "pn-shell-"));
  const url = `postgres://${superuser}@localhost:5432/postgres?host=${encodeURIComponent(server.socketDirectory)}`;
  command = [program, "db", "connect", "--url", url];
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const sql = (...args: string[]) => {
  const [program, , , ...url] = command;
  const options = { env: environment(), cwd: folder, encoding: "utf8" as const, timeout: 30_000 };
  return (input: string) =>
    execFileSync(process.execPath, [program!, "db", "sql", ...url, ...args], { ...options, input });
};

const environment = () => ({ ...process.env, POSTERN_CONFIG_DIR: join(folder, "config"), NO_COLOR: "1" });

/** What it wrote to stdout; throws where it fails. */
function run(args: readonly string[], input?: string): string {
  const options: ExecFileSyncOptions = { env: environment(), cwd: folder, stdio: "pipe", timeout: 30_000 };
  return execFileSync(process.execPath, [...command, ...args], {
    ...options,
    encoding: "utf8",
    ...(input === undefined ? {} : { input }),
  });
}

function failure(
  args: readonly string[],
  input?: string,
): { status: number; stdout: string; stderr: string } {
  try {
    run(args, input);
  } catch (error) {
    return error as { status: number; stdout: string; stderr: string };
  }
  throw new Error("It did not fail.");
}

describe("the shell without a terminal", () => {
  it("runs what is piped, with or without a semicolon, and prints no prompt", () => {
    expect(run([], "select 1 as one;\nselect 'two'\nas two")).toMatch(
      /^one\n───\n {2}1\n\n\(1 row\)\n\n\S+\ntwo\n───\ntwo\n\n\(1 row\)\n\n\S+\n$/,
    );
    expect(run([])).toBe("");
  });

  it("ends with code 7 at the first error, before what comes behind it", () => {
    const { status, stdout, stderr } = failure(
      ["-o", "csv"],
      "select 1 as a;\nselect nope;\nselect 2 as b;\n",
    );
    expect([status, stdout]).toEqual([7, "a\n1\n"]);
    expect(stderr).toContain('ERROR 42703: column "nope" does not exist\n  select nope\n         ^');
  });

  it("ends by \\q although the pipe stays open", async () => {
    const child = spawn(process.execPath, [...command], { env: environment(), cwd: folder });
    child.stdin.write("select 1;\n\\q\n");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("takes data behind COPY as it is, up to its end or the end of the file", async () => {
    await writeFile(
      join(folder, "data.sql"),
      "create table lines (id int, line text);\ncopy lines from stdin;\n1\ta;b\u2028c\n2\t\\\\q\n\\.\nselect 'then';\n" +
        "copy lines from stdin csv;\n3,last",
    );
    expect(run(["-o", "csv", "-f", "data.sql"])).toBe("?column?\nthen\n");
    expect(run(["-o", "json", "-c", "select * from lines order by id"])).toBe(
      '[\n  {"id": 1, "line": "a;b\u2028c"},\n  {"id": 2, "line": "\\\\q"},\n  {"id": 3, "line": "last"}\n]\n',
    );
  });

  it("gives what is piped to a COPY of --command, and leaves the session usable when it is refused", () => {
    run(["-c", "create table numbers (n int primary key)", "-c", "copy numbers from stdin"], "1\n2\n");
    expect(run(["-o", "csv", "-c", "\\copy numbers to stdout"])).toBe("1\n2\n");
    const refused = failure(["-c", "copy numbers from stdin"], "2\n");
    expect([refused.status, refused.stderr]).toEqual([7, expect.stringContaining("ERROR 23505")]);
  });

  it("knows variables and commands, and names a file that is not there", () => {
    expect(run(["-o", "csv", "--set", "what=it's", "-c", "select :'what' as a"])).toBe("a\nit's\n");
    expect(failure(["-f", "nowhere.sql"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("nowhere.sql cannot be read."),
    });
  });

  it("has psql's commands for scripts: \\gset, \\if, \\echo, \\ir, \\o, \\g, \\sf", async () => {
    await writeFile(join(folder, "inner.sql"), "\\echo inner :n\n");
    await writeFile(
      join(folder, "outer.sql"),
      [
        "create function twice(a int) returns int language sql as 'select a * 2';",
        "select 3 as n, 'it''s' as t \\gset",
        "\\if :n",
        "\\endif",
        "",
      ].join("\n"),
    );
    expect(failure(["-f", "outer.sql"]).stderr).toContain("3 is neither true nor false.");
    await writeFile(
      join(folder, "outer.sql"),
      [
        "select 3 as n, 'it''s' as t \\gset",
        "\\if yes",
        "\\ir inner.sql",
        "\\if off",
        "select nope;",
        "\\elif 1",
        "\\echo branch",
        "\\else",
        "\\nope",
        "\\endif",
        "\\else",
        "select 1 / 0;",
        "\\endif",
        "\\o out.csv",
        "select twice(:n), :'t' as t;",
        "\\o",
        "select 7 as seven \\g | tr 7 8",
        "\\! cat out.csv",
        "\\sf twice",
      ].join("\n"),
    );
    expect(run(["-o", "csv", "-f", "outer.sql"])).toBe(
      "inner 3\nbranch\nseven\n8\ntwice,t\n6,it's\n" +
        "CREATE OR REPLACE FUNCTION public.twice(a integer)\n RETURNS integer\n LANGUAGE sql\nAS $function$select a * 2$function$\n",
    );
  });

  it("has psql's \\gdesc, \\gexec, \\bind, \\crosstabview, \\t, \\g (…) and \\watch c=, several on a line", async () => {
    await writeFile(
      join(folder, "daily.sql"),
      [
        "\\t on \\pset footer off",
        "select 'create table made' || n || ' (id numeric(6,2))' from generate_series(1, 2) n \\gexec",
        "select id, 1 as one from made2 \\gdesc",
        "select $1::int + $2::int as sum \\bind 3 4 \\g",
        "\\t off",
        "select * from (values ('n', 'q2', 2), ('n', 'q1', 1), ('s', 'q1', null), ('s', null, 7)) v \\crosstabview",
        "select :ROW_COUNT as n \\g (format=csv tuples_only)",
        "select 1 as again \\watch c=2 i=0.01",
        "\\set AUTOCOMMIT on \\echo -n :DBNAME",
        "\\qecho done",
      ].join("\n"),
    );
    const printed = run(["-o", "table", "-f", "daily.sql"]).replaceAll(/[\d.]+m?s\n/g, "TIME\n");
    expect(printed).toContain("\nid  │ numeric(6,2)\none │ integer\n7\n");
    expect(printed).toContain(
      "column1 │ q2 │   q1 │\n────────┼────┼──────┼───\nn       │  2 │    1 │\ns       │    │ NULL │ 7\n",
    );
    expect(printed).toMatch(/\n4\n[^\n]*every[\s\S]*\nagain\n[\s\S]*\nagain\n[\s\S]*\npostgresdone\n$/);
  });

  it("takes its statement along when it is interrupted", async () => {
    const child = spawn(process.execPath, [...command, "-c", "select pg_sleep(3000)"], {
      env: environment(),
    });
    const ended = once(child, "exit");
    const watcher = await server.connect();
    const count = async () => {
      const sql = "select from pg_stat_activity where query = 'select pg_sleep(3000)' and state = 'active'";
      return (await watcher.query(sql)).rows.length;
    };
    await waitUntil("the statement runs", async () => (await count()) === 1);
    child.kill("SIGINT");
    expect(await ended).toEqual([130, null]);
    await waitUntil("nothing is left of it", async () => (await count()) === 0);
  });
});

describe("db sql", () => {
  it("leads the data of COPY from and to its own streams, and says nothing beside it", () => {
    sql("--write", "--sql", "create table moved (n int, t text)")("");
    expect(sql("--write", "--sql", "copy moved from stdin csv")("1,one\n2,\n")).toMatch(/^2 rows affected/);
    expect(sql("--sql", "copy moved to stdout csv header")("")).toBe("n,t\n1,one\n2,\n");
  });

  it("prints values as SQL over HTTP answers them, arrays too, and a table of any size as CSV", () => {
    const values = "select array[1, null] as a, array['NaN'::float8] as b, 1::int8 as c, '{}'::jsonb as d";
    expect(JSON.parse(sql("--json", "--sql", values)("")).rows).toEqual([
      { a: [1, null], b: ["NaN"], c: "1", d: {} },
    ]);
    expect(
      sql(
        "-o",
        "csv",
        "--max-rows",
        "1",
        "--sql",
        "select null as a, '' as b from generate_series(1, 2)",
      )(""),
    ).toBe('a,b\n,""\n');
  });

  it("says how to write where it only reads", () => {
    const words = ["db", "sql", ...command.slice(3), "--sql", "create table never (n int)"];
    const { status, stderr } = spawnSync(process.execPath, [program, ...words], {
      env: environment(),
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([7, expect.stringMatching(/25006.*Hint: Add --write/s)]);
  });

  it("prints all columns of one name as CSV, and says as JSON which of them are not there", () => {
    const twice = "select 1 as a, 2 as a where";
    expect(sql("-o", "csv", "--sql", `${twice} true`)("")).toBe("a,a\n1,2\n");
    expect(sql("-o", "csv", "--sql", `${twice} false; select 3 as b`)("")).toBe("a,a\n\nb\n3\n");
    const [node, ...words] = [process.execPath, program, "db", "exec", ...command.slice(3)];
    const exec = (form: string) =>
      spawnSync(node!, [...words, "-o", form, `${twice} true`], { env: environment(), encoding: "utf8" });
    expect(exec("csv")).toMatchObject({ stdout: "a,a\n1,2\n", stderr: "" });
    const { stdout, stderr } = exec("json");
    expect(JSON.parse(stdout).rows).toEqual([{ a: 2 }]);
    expect(stderr).toContain('Of 2 columns called "a" only the last is shown.');
  });
});
