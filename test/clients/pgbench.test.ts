/** pgbench in every protocol mode: simple, extended and prepared. */
import { beforeAll, expect, it } from "vitest";
import { postgresProgram } from "../../src/runtime/toolchain.ts";
import { rowsOf } from "../support/session.ts";
import { testToolchain } from "../support/toolchain.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("pgbench", (target) => {
  let program: string;
  beforeAll(async () => {
    program = postgresProgram(await testToolchain(), "pgbench");
  });

  it("initialises its tables", async () => {
    await outputOf(program, ["-i", "-s", "1", "-q", target().url]);
    expect(await rowsOf(target().url, "select count(*)::int as n from pgbench_accounts")).toEqual([
      { n: 100_000 },
    ]);
  });

  it.each(["simple", "extended", "prepared"])("loses no transaction in %s mode", async (mode) => {
    await rowsOf(target().url, "truncate pgbench_history");
    const text = await outputOf(program, ["-n", "-M", mode, "-c", "8", "-j", "2", "-t", "40", target().url]);
    expect(text).toContain("number of transactions actually processed: 320/320");
    expect(text).toContain("number of failed transactions: 0");
    expect(await rowsOf(target().url, "select count(*)::int as n from pgbench_history")).toEqual([
      { n: 320 },
    ]);
  });
});
