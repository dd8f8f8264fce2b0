/** @vercel/postgres, which carries an older Neon driver of its own. */
import { createClient, createPool, type VercelPool } from "@vercel/postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pointNeon } from "./support/point-neon.ts";
import { describeEachWay } from "./support/ways.ts";

const driver = "./node_modules/@vercel/postgres/node_modules/@neondatabase/serverless/index.mjs";

describeEachWay(
  "@vercel/postgres",
  (target) => {
    let pool: VercelPool;
    let url: string;
    beforeAll(async () => {
      const { neonConfig } = await import(new URL(driver, import.meta.url).href);
      pointNeon(neonConfig);
      // It takes no other host without `-pooler.` in its name.
      url = target().url.replace("127.0.0.1", "localhost");
      pool = createPool({ connectionString: url });
    });
    afterAll(() => pool.end());

    it("queries with its pool's template", async () => {
      await pool.sql`create table people (id int, name text)`;
      await pool.sql`insert into people values (${1}, ${"Ada"})`;
      const { rows, rowCount } = await pool.sql`select * from people`;
      expect({ rows, rowCount }).toEqual({ rows: [{ id: 1, name: "Ada" }], rowCount: 1 });
    });

    it("rolls a transaction back on one client", async () => {
      const client = await pool.connect();
      await client.sql`begin`;
      await client.sql`delete from people`;
      await client.sql`rollback`;
      client.release();
      const alone = createClient({ connectionString: url });
      await alone.connect();
      expect((await alone.sql`select count(*)::int as n from people`).rows).toEqual([{ n: 1 }]);
      await alone.end();
    });
  },
  ["pooled"],
);
