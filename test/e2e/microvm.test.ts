/** A database in a machine of its own: reached like any other, asleep in a file, and out of reach of everything around it. */
import { readdir } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { DatabaseInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasGuests } from "../support/has-guests.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

/** A machine that is emulated, on a host that does other things too. */
const patienceMs = 300_000;

describe.skipIf(!(await hasGuests()))("a database in a machine of its own", { timeout: patienceMs }, () => {
  let postern: PosternHome;
  let instance: string;
  const info = () => postern.json<DatabaseInfo>(["db", "info", "vm"]);
  const url = async (kind: string) =>
    (await postern.run(["db", "url", "vm", kind, "--reveal"])).stdout.trim();
  const sql = async (text: string) =>
    (await postern.json<{ rows: Record<string, unknown>[] }>(["db", "exec", text])).rows;

  async function asking<Result>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<Result>) {
    const client = new pg.Client(config);
    client.on("error", () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => {});
    }
  }

  beforeAll(async () => {
    postern = await createPosternHome();
    await postern.json(["up"]);
    await postern.json(["db", "create", "vm", "--isolation", "microvm"]);
    await postern.json(["db", "wait", "vm", "--timeout", "280s"]);
    instance = (await readdir(join(postern.home, "instances"))).find((name) => name.startsWith("ins-"))!;
  }, patienceMs);

  afterAll(async () => {
    await postern?.close();
  });

  it("is reached by HTTP, through the pooler and directly", async () => {
    await sql("create table things as select generate_series(1, 100) as n");
    expect(await sql("select count(*)::int as n from things")).toEqual([{ n: 100 }]);
    for (const kind of ["--pooled", "--direct"]) {
      const { rows } = await asking({ connectionString: await url(kind) }, (client) =>
        client.query("select count(*)::int as n, inet_server_port() as port from things"),
      );
      expect(rows).toEqual([{ n: 100, port: 5432 }]);
    }
    expect((await info()).isolation).toBe("microvm");
  });

  it("lets nobody in without the password", async () => {
    const address = new URL(await url("--direct"));
    address.password = "wrong";
    await expect(asking({ connectionString: address.href }, async () => {})).rejects.toMatchObject({
      code: "28P01",
    });
    address.username = "postern_admin";
    await expect(asking({ connectionString: address.href }, async () => {})).rejects.toMatchObject({
      code: "28000",
    });
  });

  it("gives a superuser inside nothing of what is around it", async () => {
    let visits = 0;
    const neighbour: Server = createServer((socket) => {
      visits += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => neighbour.listen(0, "127.0.0.1", resolve));
    const { port } = neighbour.address() as { port: number };
    try {
      const admin = {
        host: join(postern.home, "run", instance),
        port: 5432,
        user: "postern_admin",
        database: "postgres",
      };
      await asking(admin, async (client) => {
        await client.query("create extension if not exists dblink");
        for (const host of ["10.0.2.2", "10.0.3.2", "127.0.0.1"]) {
          await expect(
            client.query("select dblink_connect($1)", [`host=${host} port=${port} user=x connect_timeout=3`]),
          ).rejects.toMatchObject({ code: "08001" });
          const knock = `copy (select 1) to program 'echo x | busybox timeout 3 busybox nc ${host} ${port}'`;
          await expect(client.query(knock)).rejects.toMatchObject({ code: "38000" });
        }
        await expect(
          client.query("select pg_read_file($1)", [join(postern.home, "secrets/master.key")]),
        ).rejects.toMatchObject({
          code: "58P01",
        });
        const { rows } = await client.query("select count(*)::int as n from pg_ls_dir('/home', true, false)");
        expect(rows).toEqual([{ n: 0 }]);
      });
      expect(visits).toBe(0);
    } finally {
      neighbour.close();
    }
  });

  it("sleeps without its machine, and goes on with its memory and the right time", async () => {
    await postern.json(["db", "pause", "vm"]);
    const files = await readdir(join(postern.home, "instances", instance, "data"));
    expect(files).toContain("memory");
    const [row] = await sql(
      "select count(*)::int as n, extract(epoch from now())::float8 as at, pg_postmaster_start_time() < now() - interval '1 second' as goes_on from things",
    );
    expect(row).toMatchObject({ n: 100, goes_on: true });
    expect(Math.abs(Number(row!.at) - Date.now() / 1_000)).toBeLessThan(20);
    expect(await readdir(join(postern.home, "instances", instance, "data"))).not.toContain("memory");
  });

  it("says what cannot be done with it", async () => {
    for (const args of [
      ["db", "upgrade", "vm", "--to", "18", "--yes"],
      ["db", "restore", "vm", "--at", "1 minute ago", "--yes"],
    ]) {
      const end = await postern.run([...args, "--json"]);
      expect(end.stderr).toContain("Y8106");
    }
  });
});
