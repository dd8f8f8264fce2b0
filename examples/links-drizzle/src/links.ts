// What can be done with links: the only file that knows the database.
import { randomBytes } from "node:crypto";
import { desc, eq, lt, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import * as schema from "./schema.ts";
import { links, visits } from "./schema.ts";

// The pooler shares the server's connections among all clients, so a few are enough here.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
// A connection that breaks while nobody uses it is replaced when the next one is wanted.
pool.on("error", (error) => console.error(`an idle connection was lost: ${error.message}`));

const db = drizzle(pool, { schema });

const shown = { id: links.id, slug: links.slug, target: links.target, hits: links.hits };
const newSlug = () => randomBytes(4).toString("hex");

/** Null when the short name is taken. */
export async function addLink(target: string, slug = newSlug()) {
  const [link] = await db
    .insert(links)
    .values({ slug, target })
    .onConflictDoNothing({ target: links.slug })
    .returning(shown);
  return link ?? null;
}

/** The newest first, a page at a time: the next page is what comes after this one's last id. */
export async function listLinks({ after, limit }: { after: number | null; limit: number }) {
  const rows = await db
    .select(shown)
    .from(links)
    .where(after === null ? undefined : lt(links.id, after))
    .orderBy(desc(links.id))
    .limit(limit + 1);
  const page = rows.slice(0, limit);
  return { links: page, next: rows.length > limit ? page.at(-1)!.id : null };
}

/** With its last ten visits. Null when there is no such link. */
export async function showLink(slug: string) {
  const link = await db.query.links.findFirst({
    columns: { createdAt: false },
    where: eq(links.slug, slug),
    with: { visits: { columns: { at: true, referrer: true }, orderBy: desc(visits.id), limit: 10 } },
  });
  return link ?? null;
}

/** Counts and writes down one visit: both happen, or neither. Null when there is no such link. */
export function followLink(slug: string, referrer: string | null): Promise<string | null> {
  return db.transaction(async (trx) => {
    const [link] = await trx
      .update(links)
      .set({ hits: sql`${links.hits} + 1` })
      .where(eq(links.slug, slug))
      .returning({ id: links.id, target: links.target });
    if (!link) return null;
    await trx.insert(visits).values({ linkId: link.id, referrer });
    return link.target;
  });
}

export const closeLinks = () => pool.end();
