/**
 * In charge of what a wake is held against: the same Postgres on the same files, started by hand and asked once over its
 * socket, without Postern.
 */
import { spawn } from "node:child_process";
import { chown, cp, mkdtemp, readdir, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

export interface PlainServer {
  /** Milliseconds from its start to its first answer. */
  startOnce(): Promise<number>;
  close(): Promise<void>;
}

/** @param dataDirectory of a server that is stopped; it is copied */
export async function copyPlainServer(program: string, dataDirectory: string): Promise<PlainServer> {
  const root = await mkdtemp(join(tmpdir(), "pns-"));
  const data = join(root, "data");
  const { uid, gid } = await stat(dataDirectory);
  await cp(dataDirectory, data, { recursive: true });
  for (const path of [".", ...(await readdir(root, { recursive: true }))])
    await chown(join(root, path), uid, gid);
  const settings = [`unix_socket_directories=${root}`, "listen_addresses=", "port=5432"];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  return {
    async startOnce() {
      const startedAt = performance.now();
      const server = spawn(program, args, {
        stdio: "ignore",
        ...(process.getuid?.() === 0 ? { uid, gid } : {}),
      });
      const gone = new Promise((resolve) => server.once("exit", resolve));
      try {
        await firstAnswer(root);
        return performance.now() - startedAt;
      } finally {
        server.kill("SIGINT");
        await gone;
      }
    },
    close: () => rm(root, { recursive: true, force: true }),
  };
}

async function firstAnswer(host: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ host, port: 5432, user: "postern_admin", database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("select 1");
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** Of a server that runs. */
export const programOf = (pid: number): Promise<string> => readlink(`/proc/${pid}/exe`);
