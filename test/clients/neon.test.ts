/** @neondatabase/serverless: SQL over HTTP, and its Pool and Client over a WebSocket. */
import { Client, neon, neonConfig, Pool } from "@neondatabase/serverless";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointNeon } from "./support/point-neon.ts";
import { describeEachWay } from "./support/ways.ts";

describeEachWay(
  "@neondatabase/serverless",
  (target) => {
    beforeAll(() => pointNeon(neonConfig));

    describe("over HTTP", () => {
      const sql = () => neon(target().url);

      it("queries with a template", async () => {
        await sql()`create table people (id int primary key, name text, facts jsonb)`;
        await sql()`insert into people values (${1}, ${"Ada"}, ${{ born: 1815 }}), (${2}, ${null}, ${null})`;
        expect(await sql()`select * from people where id = ${1}`).toEqual([
          { id: 1, name: "Ada", facts: { born: 1815 } },
        ]);
      });

      it("answers in arrays and in full", async () => {
        const full = await sql().query("select id, name from people order by id", [], {
          arrayMode: true,
          fullResults: true,
        });
        expect(full).toMatchObject({
          rows: [
            [1, "Ada"],
            [2, null],
          ],
          command: "SELECT",
          rowCount: 2,
          rowAsArray: true,
        });
        expect(full.fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
          ["id", 23],
          ["name", 25],
        ]);
      });

      it("runs a batch as one transaction, all of it or nothing", async () => {
        const one = sql();
        const failed = one.transaction([
          one`insert into people values (3, 'Cy')`,
          one`insert into people values (1, 'again')`,
        ]);
        await expect(failed).rejects.toMatchObject({ code: "23505", constraint: "people_pkey" });
        const [counted, level] = await one.transaction(
          [one`select count(*)::int as n from people`, one`show transaction_isolation`],
          { isolationLevel: "Serializable", readOnly: true },
        );
        expect(counted).toEqual([{ n: 2 }]);
        expect(level).toEqual([{ transaction_isolation: "serializable" }]);
      });

      it("gets Postgres's errors with their fields", async () => {
        await expect(sql()`select nothing_like_it`).rejects.toMatchObject({
          name: "NeonDbError",
          code: "42703",
          severity: "ERROR",
          position: "8",
        });
      });

      it("is refused with a wrong password", async () => {
        const url = new URL(target().url);
        url.password = "wrong";
        await expect(neon(url.href)`select 1`).rejects.toMatchObject({ code: "28P01" });
      });

      it("keeps nothing of a session", async () => {
        await sql()`select set_config('app.tenant', 'alice', false)`;
        const seen = await Promise.all(
          Array.from(
            { length: 12 },
            () => sql()`select coalesce(current_setting('app.tenant', true), '') as v`,
          ),
        );
        expect(seen).toEqual(Array.from({ length: 12 }, () => [{ v: "" }]));
      });
    });

    describe("over a WebSocket", () => {
      let pool: Pool;
      beforeAll(() => {
        pool = new Pool({ connectionString: target().url, max: 4 });
      });
      afterAll(() => pool.end());

      it("queries at once by its pool", async () => {
        const rows = await Promise.all(
          Array.from(
            { length: 40 },
            async (_, n) => (await pool.query("select $1::int as n", [n])).rows[0].n,
          ),
        );
        expect(rows).toEqual(Array.from({ length: 40 }, (_, n) => n));
      });

      it("commits and rolls back on one client", async () => {
        const client = await pool.connect();
        await client.query("begin");
        await client.query("delete from people");
        await client.query("rollback");
        await client.query("begin");
        await client.query("insert into people values (4, 'Di')");
        await client.query("commit");
        client.release();
        expect((await pool.query("select count(*)::int as n from people")).rows).toEqual([{ n: 3 }]);
      });

      it("connects a client, without its shortcut too", async () => {
        for (const pipelineConnect of ["password", false] as const) {
          const client = new Client(target().url);
          client.neonConfig.pipelineConnect = pipelineConnect;
          await client.connect();
          expect((await client.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
          await client.end();
        }
      });

      it("receives 5 MB in one value", async () => {
        const { rows } = await pool.query("select repeat('x', 5000000) as t");
        expect(rows[0].t === "x".repeat(5_000_000)).toBe(true);
      });

      it("is refused with a wrong password", async () => {
        const url = new URL(target().url);
        url.password = "wrong";
        const client = new Client(url.href);
        client.on("error", () => {});
        await expect(client.connect().then(() => client.query("select 1"))).rejects.toThrow(/password|SASL/);
      });
    });
  },
  ["pooled"],
);
