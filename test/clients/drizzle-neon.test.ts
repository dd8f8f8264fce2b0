/** drizzle-orm over the Neon driver: neon-http and neon-serverless. */
import { neon, neonConfig, Pool } from "@neondatabase/serverless";
import { eq, sql } from "drizzle-orm";
import { drizzle as drizzleHttp } from "drizzle-orm/neon-http";
import { migrate as migrateHttp } from "drizzle-orm/neon-http/migrator";
import { drizzle as drizzleSocket } from "drizzle-orm/neon-serverless";
import { migrate as migrateSocket } from "drizzle-orm/neon-serverless/migrator";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drizzleMigrations, people } from "./support/drizzle-migrations.ts";
import { pointNeon } from "./support/point-neon.ts";
import { useProjectFolder } from "./support/project-folder.ts";
import { describeEachWay } from "./support/ways.ts";

const counted = { n: sql<number>`count(*)::int` };

describeEachWay(
  "drizzle-orm neon-http",
  (target) => {
    const folder = useProjectFolder();
    let db: ReturnType<typeof drizzleHttp>;
    beforeAll(async () => {
      pointNeon(neonConfig);
      await folder().write(drizzleMigrations);
      db = drizzleHttp(neon(target().url));
    });

    it("applies its migrations, once", async () => {
      await migrateHttp(db, { migrationsFolder: folder().path });
      await migrateHttp(db, { migrationsFolder: folder().path });
      expect(await db.select(counted).from(sql`drizzle.__drizzle_migrations`)).toEqual([{ n: 2 }]);
    });

    it("writes and reads with its builder", async () => {
      const written = await db
        .insert(people)
        .values([
          { id: 1, name: "Ada", facts: { born: 1815 } },
          { id: 2, name: "Bo" },
        ])
        .returning({ id: people.id });
      expect(written).toEqual([{ id: 1 }, { id: 2 }]);
      const found = await db.select().from(people).where(eq(people.id, 1));
      expect(found).toEqual([{ id: 1, name: "Ada", facts: { born: 1815 } }]);
    });

    it("runs a batch, all of it or nothing", async () => {
      const [, rows] = await db.batch([
        db.insert(people).values({ id: 3, name: "Cy" }),
        db.select(counted).from(people),
      ]);
      expect(rows).toEqual([{ n: 3 }]);
      const failed = db.batch([
        db.insert(people).values({ id: 4, name: "Di" }),
        db.insert(people).values({ id: 1, name: "again" }),
      ]);
      await expect(failed).rejects.toThrow();
      expect(await db.select(counted).from(people)).toEqual([{ n: 3 }]);
    });

    it("passes Postgres's error on as the cause", async () => {
      const failed = db.insert(people).values({ id: 1, name: "again" });
      await expect(failed).rejects.toMatchObject({ cause: { code: "23505" } });
    });
  },
  ["pooled"],
);

describeEachWay(
  "drizzle-orm neon-serverless",
  (target) => {
    const folder = useProjectFolder();
    let pool: Pool;
    let db: ReturnType<typeof drizzleSocket>;
    beforeAll(async () => {
      pointNeon(neonConfig);
      await folder().write(drizzleMigrations);
      pool = new Pool({ connectionString: target().url, max: 4 });
      db = drizzleSocket(pool);
    });
    afterAll(() => pool.end());

    it("applies its migrations, once", async () => {
      await migrateSocket(db, { migrationsFolder: folder().path });
      await migrateSocket(db, { migrationsFolder: folder().path });
      expect(await db.select(counted).from(sql`drizzle.__drizzle_migrations`)).toEqual([{ n: 2 }]);
    });

    it("commits and rolls back", async () => {
      await db.transaction(async (tx) => {
        await tx.insert(people).values({ id: 1, name: "Ada" });
      });
      const failed = db.transaction(async (tx) => {
        await tx.insert(people).values({ id: 2, name: "Bo" });
        tx.rollback();
      });
      await expect(failed).rejects.toThrow("Rollback");
      expect(await db.select({ id: people.id }).from(people)).toEqual([{ id: 1 }]);
    });
  },
  ["pooled"],
);
