// What can be done with links: the only file that knows the database.
import { randomBytes } from "node:crypto";
import Knex from "knex";

const knex = Knex({ client: "pg", connection: process.env.DATABASE_URL, pool: { min: 0, max: 5 } });

const shown = ["id", "slug", "target", "hits"];
const newSlug = () => randomBytes(4).toString("hex");

/** Null when the short name is taken. */
export async function addLink(target, slug = newSlug()) {
  const [link] = await knex("links").insert({ slug, target }).onConflict("slug").ignore().returning(shown);
  return link ?? null;
}

/** The newest first, a page at a time: the next page is what comes after this one's last id. */
export async function listLinks({ after, limit }) {
  const rows = await knex("links")
    .select(shown)
    .modify((query) => after !== null && query.where("id", "<", after))
    .orderBy("id", "desc")
    .limit(limit + 1);
  const links = rows.slice(0, limit);
  return { links, next: rows.length > limit ? links.at(-1).id : null };
}

/** With its last ten visits. Null when there is no such link. */
export async function showLink(slug) {
  const link = await knex("links").first(shown).where({ slug });
  if (!link) return null;
  const visits = await knex("visits")
    .select("at", "referrer")
    .where({ link_id: link.id })
    .orderBy("id", "desc")
    .limit(10);
  return { ...link, visits };
}

/** Counts and writes down one visit: both happen, or neither. Null when there is no such link. */
export function followLink(slug, referrer) {
  return knex.transaction(async (trx) => {
    const [link] = await trx("links").where({ slug }).increment("hits").returning(["id", "target"]);
    if (!link) return null;
    await trx("visits").insert({ link_id: link.id, referrer });
    return link.target;
  });
}

export const closeLinks = () => knex.destroy();
