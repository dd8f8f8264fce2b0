/**
 * In charge of whom users' own programs run as: never root, and never the user that runs the servers, whose files are
 * every tenant's data. Each project has a number of its own, so that one project's programs cannot read another's.
 */
import type { ServerAccount } from "./server-account.ts";

/** Above the numbers that systemd gives to containers, and below those that are negative to some programs. */
const firstUid = 0x7000_0000;

/** A daemon that is no root can run them as itself only. */
export function serviceAccount(servers: ServerAccount, projectId: string): ServerAccount {
  if (!servers.separate) return servers;
  const uid = firstUid + Number.parseInt(projectId.slice(-7), 16);
  return { username: `postern-${projectId}`, uid, gid: uid, separate: true };
}
