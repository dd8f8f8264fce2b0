/** In charge of extensions that migrations of other platforms take for granted. */
import type pg from "pg";
import { quoteIdentifier } from "../postgres/identifier.ts";

/** A function of each extension by which a file shows that it needs it, and one by which its presence is known. */
const extensions = [
  {
    name: "pgcrypto",
    used: /\b(?:gen_salt|crypt|digest|hmac|gen_random_bytes|pgp_\w+)\s*\(/i,
    known: "gen_salt",
  },
  { name: "uuid-ossp", used: /\buuid_generate_v\w+\s*\(/i, known: "uuid_generate_v4" },
];

/** Creates those that the text calls for and that no schema has. */
export async function installNeededExtensions(client: pg.Client, sql: string): Promise<void> {
  for (const { name, used, known } of extensions) {
    if (!used.test(sql)) continue;
    const { rowCount } = await client.query("select from pg_proc where proname = $1 limit 1", [known]);
    if (rowCount === 0) await client.query(`create extension if not exists ${quoteIdentifier(name)}`);
  }
}
