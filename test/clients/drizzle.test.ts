/** drizzle-orm over node-postgres and over postgres.js, with its migrate. */
import { eq, sql } from "drizzle-orm";
import { drizzle as drizzlePg } from "drizzle-orm/node-postgres";
import { migrate as migratePg } from "drizzle-orm/node-postgres/migrator";
import { drizzle as drizzlePostgres } from "drizzle-orm/postgres-js";
import { migrate as migratePostgres } from "drizzle-orm/postgres-js/migrator";
import pg from "pg";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drizzleMigrations, people } from "./support/drizzle-migrations.ts";
import { useProjectFolder } from "./support/project-folder.ts";
import { describeEachWay } from "./support/ways.ts";

const openers = {
  "node-postgres": (url: string) => {
    const pool = new pg.Pool({ connectionString: url, max: 4 });
    const db = drizzlePg(pool);
    return {
      db,
      migrate: (folder: string) => migratePg(db, { migrationsFolder: folder }),
      close: () => pool.end(),
    };
  },
  "postgres-js": (url: string) => {
    const client = postgres(url, { max: 4, onnotice: () => {} });
    const db = drizzlePostgres(client);
    return {
      db,
      migrate: (folder: string) => migratePostgres(db, { migrationsFolder: folder }),
      close: () => client.end(),
    };
  },
};

for (const [driver, open] of Object.entries(openers)) {
  describeEachWay(`drizzle-orm ${driver}`, (target) => {
    let client: ReturnType<typeof open>;
    const folder = useProjectFolder();
    beforeAll(async () => {
      await folder().write(drizzleMigrations);
      client = open(target().url);
    });
    afterAll(() => client.close());
    const db = () => client.db as ReturnType<typeof drizzlePg>;

    it("applies its migrations, once", async () => {
      await client.migrate(folder().path);
      await client.migrate(folder().path);
      const applied = await db()
        .select({ n: sql<number>`count(*)::int` })
        .from(sql`drizzle.__drizzle_migrations`);
      expect(applied).toEqual([{ n: 2 }]);
    });

    it("writes and reads with its builder", async () => {
      await db()
        .insert(people)
        .values([
          { id: 1, name: "Ada", facts: { born: 1815 } },
          { id: 2, name: "Bo" },
        ]);
      expect(await db().select().from(people).where(eq(people.id, 1))).toEqual([
        { id: 1, name: "Ada", facts: { born: 1815 } },
      ]);
    });

    it("runs its prepared statements", async () => {
      const byId = db()
        .select()
        .from(people)
        .where(eq(people.id, sql.placeholder("id")))
        .prepare("person_by_id");
      const rows = await Promise.all(Array.from({ length: 40 }, (_, n) => byId.execute({ id: (n % 2) + 1 })));
      expect(rows.map(([row]) => row!.name)).toEqual(
        Array.from({ length: 40 }, (_, n) => (n % 2 ? "Bo" : "Ada")),
      );
    });

    it("rolls a transaction back", async () => {
      const failed = db().transaction(async (tx) => {
        await tx.insert(people).values({ id: 3, name: "Cy" });
        tx.rollback();
      });
      await expect(failed).rejects.toThrow("Rollback");
      expect(await db().$count(people)).toBe(2);
    });

    it("passes Postgres's error on as the cause", async () => {
      const failed = db().insert(people).values({ id: 1, name: "again" });
      await expect(failed).rejects.toMatchObject({ cause: { code: "23505" } });
    });
  });
}
