/** Streamed answers: what a reader gets line by line, and what becomes of the session behind them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnswerSink } from "../../../src/query/answer-sink.ts";
import { streamLimits } from "../../../src/query/stream-limits.ts";
import { type QueryFixture, startQueryFixture, target } from "../../support/query-fixture.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: QueryFixture;

beforeAll(async () => {
  fixture = await startQueryFixture();
});
afterAll(() => fixture.close());

/** Takes `most` bytes, and then nothing until `drain`. */
class TestSink implements AnswerSink {
  onDrain: (() => void) | undefined;
  readonly pieces: Buffer[] = [];
  bytes = 0;
  most: number;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.most = most;
  }

  write(bytes: Uint8Array): boolean {
    this.pieces.push(Buffer.from(bytes));
    this.bytes += bytes.length;
    return this.bytes < this.most;
  }

  lines(): unknown[] {
    const text = Buffer.concat(this.pieces).toString("utf8");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }
}

const stream = async (sql: string, options: Record<string, unknown> = {}) => {
  const sink = new TestSink();
  const { params = [], ...others } = options;
  await fixture.service.stream(target, { sql, params: params as never }, sink, others);
  return sink.lines();
};

describe("lines", () => {
  it("are the fields, each row, and how many there were", async () => {
    expect(await stream("select i, 'n' || i as name from generate_series(1, 2) i")).toEqual([
      {
        fields: [
          { name: "i", type_oid: 23, type: "int4" },
          { name: "name", type_oid: 25, type: "text" },
        ],
      },
      { row: { i: 1, name: "n1" } },
      { row: { i: 2, name: "n2" } },
      { row_count: 2 },
    ]);
  });

  it("hold arrays where the caller wants them, and parameters of every type", async () => {
    const lines = await stream("select $1::int[] as a, $2::text as a", {
      params: [[1, 2], "x"],
      rowsAsArrays: true,
    });
    expect(lines.slice(1)).toEqual([{ row: [[1, 2], "x"] }, { row_count: 1 }]);
  });

  it("tell of a statement without rows how many it changed", async () => {
    await fixture.execute("create table changed (a int)");
    expect(await stream("insert into changed select generate_series(1, 3)")).toEqual([
      { fields: [] },
      { row_count: 3 },
    ]);
  });

  it("know types that nobody has asked for before, whatever the size of the answer", async () => {
    await fixture.execute("create type mood as enum ('sad', 'glad')");
    const lines = await stream(
      "select 'glad'::mood as mood, array['sad'::mood] as m from generate_series(1, 20000)",
    );
    expect(lines).toHaveLength(20_002);
    expect(lines[0]).toMatchObject({ fields: [{ type: "mood" }, { type: "_mood" }] });
    expect(lines[20_000]).toEqual({ row: { mood: "glad", m: ["sad"] } });
  });
});

describe("failures", () => {
  it("before the first row leave nothing in the sink", async () => {
    for (const [sql, code] of [
      ["select 1 from nowhere", "42P01"],
      ["select 1/0", "22012"],
      ["begin", "Y1007"],
    ] as const) {
      const sink = new TestSink();
      await expect(fixture.service.stream(target, { sql }, sink)).rejects.toMatchObject({ code });
      expect([sql, sink.bytes]).toEqual([sql, 0]);
    }
  });

  it("in the middle come behind the rows that have left", async () => {
    const sink = new TestSink();
    const sql = "select 1 / (50000 - i) as x, repeat('y', 100) as y from generate_series(1, 60000) i";
    await expect(fixture.service.stream(target, { sql }, sink)).rejects.toMatchObject({ code: "22012" });
    const lines = sink.lines();
    expect(lines.length).toBeGreaterThan(10_000);
    expect(lines.some((line) => "row_count" in (line as object))).toBe(false);
  });

  it("end a row that is larger than an answer may be, and not many rows that are larger together", async () => {
    const small = fixture.openService({ answerBytes: 100_000 });
    await expect(
      small.stream(target, { sql: "select repeat('x', 200000)" }, new TestSink()),
    ).rejects.toMatchObject({ code: "Y1008" });
    const sink = new TestSink();
    await small.stream(target, { sql: "select repeat('x', 1000) from generate_series(1, 1000)" }, sink);
    expect(sink.bytes).toBeGreaterThan(1_000_000);
  });

  it("leave the session to the next request as it was in the beginning", async () => {
    const one = { ...streamLimits, sessions: 1 };
    const service = fixture.openService({}, one);
    await expect(
      service.stream(target, { sql: "select set_config('work_mem', '1MB', false), 1/0" }, new TestSink()),
    ).rejects.toMatchObject({ code: "22012" });
    await service.stream(target, { sql: "select set_config('work_mem', '1MB', false)" }, new TestSink());
    const sink = new TestSink();
    await service.stream(target, { sql: "select current_setting('work_mem') as m" }, sink);
    expect(sink.lines()[1]).not.toEqual({ row: { m: "1MB" } });
  });
});

describe("a reader who is slow", () => {
  const large = "select /*slow*/ repeat('x', 1000) as x from generate_series(1, 100000)";

  it("gets no more than a few pieces that it has not asked for, and the rest when it reads on", async () => {
    const sink = new TestSink(1_000_000);
    const end = fixture.service.stream(target, { sql: large }, sink);
    await waitUntil("the sink is full", async () => sink.bytes >= sink.most);
    await waitUntil("Postgres waits for its reader", async () => {
      const { rows } = await fixture.admin.query(
        "select from pg_stat_activity where query like '%/*slow*/%' and wait_event = 'ClientWrite'",
      );
      return rows.length === 1;
    });
    expect(sink.bytes).toBeLessThan(1_500_000);
    sink.most = Number.POSITIVE_INFINITY;
    sink.onDrain!();
    await end;
    expect(sink.lines()).toHaveLength(100_002);
  });

  it("is left when it takes nothing for too long, and its session is there for others", async () => {
    const service = fixture.openService({}, { ...streamLimits, stallMs: 200, sessions: 1 });
    const sink = new TestSink(1_000_000);
    await expect(service.stream(target, { sql: large }, sink)).rejects.toMatchObject({ code: "Y1030" });
    await waitUntil("nothing of it runs", async () => (await fixture.countActive("/*slow*/")) === 0);
    const other = new TestSink();
    await service.stream(target, { sql: "select 1 as one" }, other);
    expect(other.lines()[1]).toEqual({ row: { one: 1 } });
  });

  it("cancels its statement by leaving", async () => {
    const gone = new AbortController();
    const sink = new TestSink(1_000_000);
    const end = fixture.service.stream(target, { sql: large }, sink, { signal: gone.signal });
    await waitUntil("the sink is full", async () => sink.bytes >= sink.most);
    gone.abort();
    await expect(end).rejects.toMatchObject({ code: "Y1017" });
    await waitUntil("nothing of it runs", async () => (await fixture.countActive("/*slow*/")) === 0);
  });

  it("keeps no other request from its answer", async () => {
    const sinks = [new TestSink(100_000), new TestSink(100_000)];
    const gone = new AbortController();
    const ends = sinks.map((sink) =>
      fixture.service.stream(target, { sql: large }, sink, { signal: gone.signal }),
    );
    await waitUntil("both sinks are full", async () => sinks.every(({ bytes, most }) => bytes >= most));
    expect((await fixture.execute("create temporary table t (a int)")).rows_affected).toBe(0);
    expect((await fixture.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    gone.abort();
    await Promise.allSettled(ends);
  });
});

it("ends a statement that says nothing for as long as statements may run", async () => {
  const service = fixture.openService({ statementTimeoutMs: 300 });
  await expect(service.stream(target, { sql: "select pg_sleep(20)" }, new TestSink())).rejects.toMatchObject({
    code: "Y1009",
  });
});

it("reads only, for a token that reads only", async () => {
  const reader = { ...target, readOnly: true };
  const sink = new TestSink();
  await fixture.service.stream(reader, { sql: "select 1 as one" }, sink);
  expect(sink.lines()[1]).toEqual({ row: { one: 1 } });
  await expect(
    fixture.service.stream(reader, { sql: "create table no (a int)" }, new TestSink()),
  ).rejects.toMatchObject({ code: "Y3040" });
});
