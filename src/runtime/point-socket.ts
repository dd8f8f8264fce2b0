/** In charge of where `.s.PGSQL.5432` of a server's folder leads: everything of Postern's comes by that name. */
import { rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

/** The socket that Postgres itself makes. */
export const ownSocket = (port: number): string => `.s.PGSQL.${port}`;

/** At once for everyone: there is no moment without a socket. */
export async function pointSocket(socketDirectory: string, target: string): Promise<void> {
  const link = join(socketDirectory, ownSocket(5432));
  const temporary = `${link}.${process.pid}`;
  await rm(temporary, { force: true });
  await symlink(target, temporary);
  await rename(temporary, link);
}
