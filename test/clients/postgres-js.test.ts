/** postgres.js, with its named statements on, as it comes. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("postgres.js", (target) => {
  let sql: postgres.Sql;
  beforeAll(() => {
    sql = postgres(target().url, { max: 5, onnotice: () => {} });
  });
  afterAll(() => sql.end());

  it("reads its own types", async () => {
    const [row] = await sql`
      select ${1}::int as i, ${sql.json({ k: [1] })}::jsonb as j, ${["a", "b"]}::text[] as a, ${new Date(0)}::timestamptz as t`;
    expect(row).toEqual({ i: 1, j: { k: [1] }, a: ["a", "b"], t: new Date(0) });
  });

  it("runs 260 distinct prepared statements, each twice, over a few connections", async () => {
    const all = Array.from({ length: 520 }, (_, n) => n % 260);
    const answers = await Promise.all(
      all.map((n) => sql.unsafe(`select $1::int + ${n} as n`, [n], { prepare: true })),
    );
    expect(answers.map(([row]) => row!.n)).toEqual(all.map((n) => 2 * n));
  });

  it("commits and rolls back", async () => {
    await sql`create table entries (id int primary key)`;
    await sql.begin((tx) => tx`insert into entries values (1)`);
    const failed = sql.begin(async (tx) => {
      await tx`insert into entries values (2)`;
      await tx.savepoint((inner) => inner`insert into entries values (3)`);
      throw new Error("back");
    });
    await expect(failed).rejects.toThrow("back");
    expect([...(await sql`select id from entries`)]).toEqual([{ id: 1 }]);
  });

  it("reads a cursor", async () => {
    const sizes: number[] = [];
    await sql.begin((tx) =>
      tx`select generate_series(1, 250) as n`.cursor(100, (rows) => {
        sizes.push(rows.length);
      }),
    );
    expect(sizes).toEqual([100, 100, 50]);
  });

  it("copies in and out", async () => {
    await sql`create table copied (n int)`;
    const lines = Array.from({ length: 1000 }, (_, n) => `${n}\n`);
    await pipeline(Readable.from(lines), await sql`copy copied from stdin`.writable());
    let out = "";
    for await (const chunk of await sql`copy (select n from copied order by n) to stdout`.readable())
      out += chunk;
    expect(out).toBe(lines.join(""));
  });

  it("cancels its own statement and goes on", async () => {
    const query = sql`select pg_sleep(30), 'cancel me'`;
    const ended = query.execute().catch((error) => error.code);
    await expect
      .poll(
        async () =>
          (
            await sql`select pid from pg_stat_activity where query like '%cancel me%' and wait_event = 'PgSleep'`
          ).length,
      )
      .toBe(1);
    query.cancel();
    expect(await ended).toBe("57014");
    expect((await sql`select 1 as n`)[0]).toEqual({ n: 1 });
  });

  it("gets Postgres's errors with all their fields", async () => {
    await sql`create table taken (id int primary key)`;
    await sql`insert into taken values (1)`;
    await expect(sql`insert into taken values (1)`).rejects.toMatchObject({
      code: "23505",
      constraint_name: "taken_pkey",
      table_name: "taken",
    });
  });

  it("is refused with a wrong password", async () => {
    const url = new URL(target().url);
    url.password = "wrong";
    const wrong = postgres(url.href, { max: 1 });
    await expect(wrong`select 1`).rejects.toMatchObject({ severity_local: "FATAL" });
    await wrong.end();
  });

  it("takes the parameters of Prisma's pooled URLs where the pooler knows to leave them", async () => {
    const suffixed = postgres(`${target().url}?pgbouncer=true&connection_limit=1`, { max: 1 });
    const answer = suffixed`select 1 as n`;
    // It sends them on as settings of the session, which Postgres itself does not know.
    if (target().path === "pooled") expect((await answer)[0]).toEqual({ n: 1 });
    else await expect(answer).rejects.toMatchObject({ code: "42704" });
    await suffixed.end();
  });
});
