/**
 * In charge of the way on which a database's new server fetches what is written at the old one meanwhile. No server
 * reaches another's socket, and none may be a superuser at another; so the new one has a socket in its own folder, and what
 * comes in there reads the catalog of this one database or follows this one move, and does nothing else.
 */
import { chmod, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Platform } from "../../instances/platform.ts";
import { serverLayout } from "../../instances/server-layout.ts";
import { ownPath } from "../../runtime/own-path.ts";
import { admitFollower } from "./changes-session.ts";
import type { Move } from "./move.ts";

export interface ChangesDoor {
  /** Of a Postgres client on the new server: folder and port of the socket. */
  host: string;
  port: number;
  close(): Promise<void>;
}

/** Of moves that are under way; a socket that is none of these was left by a daemon that died. */
const inUse = new Set<string>();

export async function openChangesDoor(
  { config, account, observe }: Pick<Platform, "config" | "account" | "observe">,
  move: Move,
): Promise<ChangesDoor> {
  const host = serverLayout(config.home, move.to.instance_id!).socketDirectory;
  const { port, path } = takePath(host);
  const clients = new Set<Socket>();
  const source = {
    socket: join(serverLayout(config.home, move.from.instance_id!).socketDirectory, ".s.PGSQL.5432"),
    database: move.from.database_name,
    slot: move.name,
  };
  const server = createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
    admitFollower(client, source, (error) =>
      observe({ type: "fault", where: `following ${move.from.id}`, error }),
    );
  });
  const close = async () => {
    server.close();
    for (const client of clients) client.destroy();
    await rm(path, { force: true });
    inUse.delete(path);
  };
  try {
    await rm(path, { force: true });
    await listen(server, path);
    await chmod(path, 0o600);
    await ownPath(path, account);
  } catch (error) {
    await close();
    throw error;
  }
  return { host, port, close };
}

/** Low numbers are no port of any server. */
function takePath(directory: string): { port: number; path: string } {
  for (let port = 1; ; port += 1) {
    const path = join(directory, `.s.PGSQL.${port}`);
    if (inUse.has(path)) continue;
    inUse.add(path);
    return { port, path };
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(path, () => resolve());
  });
}
