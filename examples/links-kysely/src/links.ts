// What can be done with links: the only file that knows the database.
import { randomBytes } from "node:crypto";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Schema } from "./schema.ts";

// Moments stay as Postgres writes them, which is how database.ts has them too.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => text);

// The pooler shares the server's connections among all clients, so a few are enough here.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
// A connection that breaks while nobody uses it is replaced when the next one is wanted.
pool.on("error", (error) => console.error(`an idle connection was lost: ${error.message}`));

const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });

const shown = ["id", "slug", "target", "hits"] as const;
const newSlug = () => randomBytes(4).toString("hex");

/** Null when the short name is taken. */
export async function addLink(target: string, slug = newSlug()) {
  const link = await db
    .insertInto("links")
    .values({ slug, target })
    .onConflict((conflict) => conflict.column("slug").doNothing())
    .returning(shown)
    .executeTakeFirst();
  return link ?? null;
}

/** The newest first, a page at a time: the next page is what comes after this one's last id. */
export async function listLinks({ after, limit }: { after: number | null; limit: number }) {
  const rows = await db
    .selectFrom("links")
    .select(shown)
    .$if(after !== null, (query) => query.where("id", "<", after!))
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  const links = rows.slice(0, limit);
  return { links, next: rows.length > limit ? links.at(-1)!.id : null };
}

/** With its last ten visits. Null when there is no such link. */
export async function showLink(slug: string) {
  const link = await db.selectFrom("links").select(shown).where("slug", "=", slug).executeTakeFirst();
  if (!link) return null;
  const visits = await db
    .selectFrom("visits")
    .select(["at", "referrer"])
    .where("link_id", "=", link.id)
    .orderBy("id", "desc")
    .limit(10)
    .execute();
  return { ...link, visits };
}

/** Counts and writes down one visit: both happen, or neither. Null when there is no such link. */
export function followLink(slug: string, referrer: string | null): Promise<string | null> {
  return db.transaction().execute(async (trx) => {
    const link = await trx
      .updateTable("links")
      .set((column) => ({ hits: column("hits", "+", 1) }))
      .where("slug", "=", slug)
      .returning(["id", "target"])
      .executeTakeFirst();
    if (!link) return null;
    await trx.insertInto("visits").values({ link_id: link.id, referrer }).execute();
    return link.target;
  });
}

export const closeLinks = () => db.destroy();
