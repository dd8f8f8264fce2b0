// What can be done with links: the only file that knows SQL.
import { randomBytes } from "node:crypto";
import pg from "pg";

// The pooler shares the server's connections among all clients, so a few are enough here.
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
// A connection that breaks while nobody uses it is replaced when the next one is wanted.
pool.on("error", (error) => console.error(`an idle connection was lost: ${error.message}`));

const newSlug = () => randomBytes(4).toString("hex");

/** Null when the short name is taken. */
export async function addLink(target, slug = newSlug()) {
  const { rows } = await pool.query(
    `insert into links (slug, target) values ($1, $2)
     on conflict (slug) do nothing
     returning id, slug, target, hits`,
    [slug, target],
  );
  return rows[0] ?? null;
}

/** The newest first, a page at a time: the next page is what comes after this one's last id. */
export async function listLinks({ after, limit }) {
  const { rows } = await pool.query(
    `select id, slug, target, hits from links
     where $1::int is null or id < $1
     order by id desc
     limit $2`,
    [after, limit + 1],
  );
  const links = rows.slice(0, limit);
  return { links, next: rows.length > limit ? links.at(-1).id : null };
}

/** With its last ten visits. Null when there is no such link. */
export async function showLink(slug) {
  const { rows } = await pool.query(
    `select id, slug, target, hits,
       array(select jsonb_build_object('at', at, 'referrer', referrer)
             from visits where link_id = links.id order by id desc limit 10) as visits
     from links where slug = $1`,
    [slug],
  );
  return rows[0] ?? null;
}

/** Counts and writes down one visit: both happen, or neither. Null when there is no such link. */
export function followLink(slug, referrer) {
  return inTransaction(async (client) => {
    const { rows } = await client.query(
      "update links set hits = hits + 1 where slug = $1 returning id, target",
      [slug],
    );
    if (rows.length === 0) return null;
    await client.query("insert into visits (link_id, referrer) values ($1, $2)", [rows[0].id, referrer]);
    return rows[0].target;
  });
}

async function inTransaction(work) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    const result = await work(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    // Whatever state the connection is in, nobody else gets it.
    client.release(true);
    throw error;
  }
}

export const closeLinks = () => pool.end();
