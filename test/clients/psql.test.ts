/** psql, as Postgres ships it. */
import { beforeAll, expect, it } from "vitest";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import { testToolchain } from "../support/toolchain.ts";
import { outputOf, type ProgramOptions, runProgram } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("psql", (target) => {
  let program: string;
  beforeAll(async () => {
    program = postgresProgram(await testToolchain(), "psql");
  });
  const psql = (args: string[], options?: ProgramOptions) =>
    outputOf(program, ["-X", "-q", "-d", target().url, "-v", "ON_ERROR_STOP=1", ...args], options);

  it("runs a command and a script with a transaction", async () => {
    await psql([], {
      input: "begin; create table notes (id int, body text); insert into notes values (1, 'one'); commit;",
    });
    expect(await psql(["-At", "-c", "select * from notes"])).toBe("1|one\n");
  });

  it("copies from its stdin and to its stdout", async () => {
    const lines = Array.from({ length: 500 }, (_, n) => `${n},line ${n}\n`).join("");
    await psql(["-c", "create table copied (n int, t text)"]);
    await psql(["-c", "\\copy copied from stdin with (format csv)"], { input: lines });
    expect(await psql(["-c", "\\copy (select * from copied order by n) to stdout with (format csv)"])).toBe(
      lines,
    );
  });

  it("describes tables", async () => {
    await psql(["-c", "create table described (id bigint primary key, note text not null)"]);
    const text = await psql(["-c", "\\d described"]);
    expect(text).toContain("bigint");
    expect(text).toContain("described_pkey");
    expect(await psql(["-At", "-c", "\\dt described"])).toContain("public|described|table");
  });

  it("reads in portions with FETCH_COUNT", async () => {
    expect(
      await psql(["-At"], {
        input:
          "\\set FETCH_COUNT 100\nselect count(*) from generate_series(1, 1000);\nselect generate_series(1, 350);\n",
      }),
    ).toBe(`1000\n${Array.from({ length: 350 }, (_, n) => `${n + 1}\n`).join("")}`);
  });

  it("binds parameters", async () => {
    expect(await psql(["-At"], { input: "select $1::int + $2::int \\bind 1 2 \\g\n" })).toBe("3\n");
  });

  it("ends with 3 and Postgres's message at an error in a script", async () => {
    const end = await runProgram(program, ["-X", "-d", target().url, "-v", "ON_ERROR_STOP=1"], {
      input: "select 1;\nselect nothing_like_it;\n",
    });
    expect(end.code).toBe(3);
    expect(end.stderr).toContain('column "nothing_like_it" does not exist');
  });

  it("ends with 2 at a wrong password", async () => {
    const url = new URL(target().url);
    url.password = "wrong";
    const end = await runProgram(program, ["-X", "-d", url.href, "-c", "select 1"]);
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(/password authentication failed|SASL authentication failed/);
  });

  it("itself refuses the parameters of Prisma's pooled URLs", async () => {
    const end = await runProgram(program, ["-X", "-d", `${target().url}?pgbouncer=true`, "-c", "select 1"]);
    expect(end.stderr).toContain('invalid URI query parameter: "pgbouncer"');
  });
});
