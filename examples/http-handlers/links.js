// What can be done with links: every statement, and what is asked of a request. None of it knows the framework.
import { randomBytes } from "node:crypto";
import { execute, query, transaction } from "./database.js";

const newSlug = () => randomBytes(4).toString("hex");

/** Null when the short name is taken. */
export async function addLink({ target, slug = newSlug() }) {
  const { rows } = await execute(
    `insert into links (slug, target) values ($1, $2)
     on conflict (slug) do nothing
     returning id, slug, target, hits`,
    slug,
    target,
  );
  return rows[0] ?? null;
}

/** The newest first, a page at a time: the next page is what comes after this one's last id. */
export async function listLinks({ after, limit }) {
  const rows = await query(
    `select id, slug, target, hits from links
     where $1::int is null or id < $1
     order by id desc
     limit $2`,
    after,
    limit + 1,
  );
  const links = rows.slice(0, limit);
  return { links, next: rows.length > limit ? links.at(-1).id : null };
}

/** With its last ten visits. Null when there is no such link. */
export async function showLink(slug) {
  const [link] = await query(
    `select id, slug, target, hits,
       array(select jsonb_build_object('at', at, 'referrer', referrer)
             from visits where link_id = links.id order by id desc limit 10) as visits
     from links where slug = $1`,
    slug,
  );
  return link ?? null;
}

/** Counts and writes down one visit: both happen, or neither. Null when there is no such link. */
export async function followLink(slug, referrer) {
  const [counted] = await transaction(
    ["update links set hits = hits + 1 where slug = $1 returning target", slug],
    [
      "insert into visits (link_id, referrer) select id, $2 from links where slug = $1",
      slug,
      referrer ?? null,
    ],
  );
  return counted.rows[0]?.target ?? null;
}

/** What a request's body says of a new link, or what is wrong with it. */
export function readNewLink(fields) {
  const { target, slug } = fields ?? {};
  if (typeof target !== "string" || !URL.canParse(target) || !/^https?:/.test(target))
    return { error: "target has to be a URL with http or https" };
  if (slug !== undefined && (typeof slug !== "string" || !/^[a-z0-9-]{1,64}$/.test(slug)))
    return { error: "slug has to be 1 to 64 of a-z, 0-9 and -" };
  return { link: { target, slug } };
}

/** @param fields of the address's query */
export const readPage = ({ after, limit }) => ({
  after: readNumber(after) ?? null,
  limit: Math.min(Math.max(readNumber(limit) ?? 20, 1), 100),
});

const readNumber = (text) => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : undefined);
