/** Python's clients: psycopg2 and psycopg 3 on libpq, asyncpg with a protocol of its own. Debian's versions. */
import { describe, expect, it } from "vitest";
import { findPython } from "./support/python-clients.ts";
import { outputOf } from "./support/run-program.ts";
import { describeEachWay } from "./support/ways.ts";

const python = await findPython();

/** Runs a script with the URL as its argument; what it prints is JSON. */
async function run(url: string, script: string): Promise<unknown> {
  if ("missing" in python) throw new Error(python.missing);
  const { environment } = python;
  return JSON.parse(
    await outputOf("python3", ["-c", `import sys, json\nurl = sys.argv[1]\n${script}`, url], { environment }),
  );
}

if ("missing" in python) {
  describe("Python's clients", () => it.skip(`are not to be had here: ${python.missing}`, () => {}));
} else {
  describeEachWay("psycopg2", (target) => {
    it("logs in, binds, copies in and out, reads by a cursor, and rolls back", async () => {
      const answer = await run(
        target().url,
        `
import io, psycopg2
from psycopg2.extras import execute_values
db = psycopg2.connect(url)
c = db.cursor()
c.execute("create table py2 (id int primary key, name text)")
execute_values(c, "insert into py2 values %s", [(n, "name %d" % n) for n in range(1, 101)])
db.commit()
c.copy_expert("copy py2 from stdin with csv", io.StringIO("101,\\"it's, ü\\"\\n102,last\\n"))
out = io.StringIO()
c.copy_expert("copy (select id, name from py2 where id > 100 order by id) to stdout with csv", out)
db.commit()
named = db.cursor("large")
named.itersize = 10
named.execute("select id from py2 order by id")
total = sum(row[0] for row in named)
named.close()
try:
    c.execute("insert into py2 values (1, 'twice')")
except psycopg2.errors.UniqueViolation as error:
    code = error.pgcode
db.rollback()
c.execute("select %s::int[], %s::text, count(*) from py2", ([1, 2], None))
print(json.dumps([out.getvalue(), total, code, c.fetchone()]))
`,
      );
      expect(answer).toEqual(['101,"it\'s, ü"\n102,last\n', 5253, "23505", [[1, 2], null, 102]]);
    });
  });

  describeEachWay("psycopg 3", (target) => {
    it("prepares on the server, copies, and keeps on after a statement that failed", async () => {
      const answer = await run(
        target().url,
        `
import psycopg
from psycopg.types.json import Jsonb
with psycopg.connect(url, autocommit=True) as db:
    db.execute("create table py3 (id int primary key, facts jsonb)")
    with db.cursor() as c:
        c.executemany("insert into py3 values (%s, %s)", [(n, Jsonb({"n": n})) for n in range(60)])
    seen = [db.execute("select facts from py3 where id = %s", (n,), prepare=True).fetchone()[0]["n"] for n in range(60)]
    with db.cursor().copy("copy py3 from stdin") as copy:
        copy.write_row((100, '{"copied": true}'))
    try:
        db.execute("select 1 / %s", (0,))
    except psycopg.errors.DivisionByZero as error:
        code = error.sqlstate
    with db.transaction():
        db.execute("set local work_mem = '5MB'")
        local = db.execute("show work_mem").fetchone()[0]
    try:
        with db.transaction():
            db.execute("delete from py3")
            raise psycopg.Rollback()
    except psycopg.Rollback:
        pass
    left = db.execute("select count(*) from py3").fetchone()[0]
print(json.dumps([seen == list(range(60)), code, local, left]))
`,
      );
      expect(answer).toEqual([true, "22012", "5MB", 61]);
    });
  });

  describeEachWay("asyncpg", (target) => {
    it("keeps its cache of statements over many transactions, copies and reads by a cursor", async () => {
      const answer = await run(
        target().url,
        `
import asyncio, asyncpg
async def main():
    pool = await asyncpg.create_pool(url, min_size=4, max_size=4)
    await pool.execute("create table pya (id int primary key, tags text[])")
    await pool.copy_records_to_table("pya", records=[(n, ["a", "é%d" % n]) for n in range(200)])
    rows = await asyncio.gather(*(pool.fetchrow("select tags from pya where id = $1", n) for n in range(200)))
    async with pool.acquire() as db:
        async with db.transaction():
            total = 0
            async for row in db.cursor("select id from pya"):
                total += row["id"]
        try:
            await db.execute("insert into pya values (1)")
        except asyncpg.UniqueViolationError as error:
            code = error.sqlstate
        left = await db.fetchval("select count(*) from pya")
    await pool.close()
    print(json.dumps([all(row["tags"][1] == "é%d" % n for n, row in enumerate(rows)), total, code, left]))
asyncio.run(main())
`,
      );
      expect(answer).toEqual([true, 19900, "23505", 200]);
    });
  });
}
