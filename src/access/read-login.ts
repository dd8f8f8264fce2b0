/** In charge of what is to be known about a user who logs in with a password, as Postgres holds it now. */
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import { findLogin } from "../state/logins.ts";

export interface LoginFacts {
  databaseId: string;
  databaseName: string;
  /** What the password is checked against; null: nobody can log in with a password now. */
  verifier: string | null;
}

export type ReadLogin = (user: string) => Promise<LoginFacts | undefined>;

export const createReadLogin =
  (platform: Pick<Platform, "state" | "config">): ReadLogin =>
  async (user) => {
    const login = await findLogin(platform.state, user);
    if (!login) return undefined;
    const { rows } = await withAdmin(platform, login.instance_id!, "postgres", (client) =>
      client.query<{ verifier: string | null }>(
        `select rolpassword as verifier from pg_catalog.pg_authid
          where rolname = $1 and rolcanlogin and (rolvaliduntil is null or rolvaliduntil > now())`,
        [user],
      ),
    );
    return {
      databaseId: login.id,
      databaseName: login.database_name,
      verifier: rows[0]?.verifier ?? null,
    };
  };
