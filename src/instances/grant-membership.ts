/** In charge of making a role a member of another one, with what membership is to mean as far as the server knows it. */
import pg from "pg";
import { serverMajor } from "./server-major.ts";

const { escapeIdentifier: name } = pg;

export interface Membership {
  /** Has the member the group's rights without becoming it? */
  inherit: boolean;
  /** May the member become the group? */
  set: boolean;
}

/**
 * Repeatable. Before Postgres 16 a member may always become the group, and whether it has its rights is the member's own
 * attribute. Servers of those are of one tenant, and no group of Postern's has a right that its members lack.
 */
export async function grantMembership(
  client: pg.Client,
  group: string,
  member: string,
  { inherit, set }: Membership,
): Promise<void> {
  const options =
    (await serverMajor(client)) >= 16 ? ` with admin false, inherit ${inherit}, set ${set}` : "";
  await client.query(`grant ${name(group)} to ${name(member)}${options}`);
}
