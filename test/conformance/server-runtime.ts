/** In charge of what every way of running a Postgres server must hold to, whatever the server runs in. */
import { appendFile, readdir, rm, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Runtime, ServerSpec } from "../../src/runtime/runtime.ts";
import { waitUntil } from "../support/wait-until.ts";

export interface RuntimeFixture {
  runtime: Runtime;
  /** Another over the same files, as a daemon's successor has it, where the first need not be gone for it. */
  successor?: Runtime;
  /** Of a server that is not there yet. */
  specOf(name: string): Promise<ServerSpec>;
  /** A TCP port that nobody has. */
  freePort(): Promise<number>;
  close(): Promise<void>;
}

export interface RuntimeTraits {
  open(): Promise<RuntimeFixture>;
  /** The longest that one test may take. */
  patienceMs: number;
  /** Sessions and whatever else is in memory outlive `suspend`. */
  keepsMemory: boolean;
}

const admin = "postern_admin";

/** By the socket, as Postern itself comes. */
async function asking<Result>(spec: ServerSpec, work: (client: pg.Client) => Promise<Result>) {
  const config = { host: spec.socketDirectory, port: 5432, user: admin, database: "postgres" };
  return withClient(config, work);
}

async function withClient<Result>(config: pg.ClientConfig, work: (client: pg.Client) => Promise<Result>) {
  const client = new pg.Client(config);
  client.on("error", () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

const valueIn = async (spec: ServerSpec, text: string): Promise<unknown> =>
  (await asking(spec, (client) => client.query({ text, rowMode: "array" }))).rows[0]?.[0];

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

function listen(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

export function describeRuntime(title: string, { open, patienceMs, keepsMemory }: RuntimeTraits): void {
  describe(title, { timeout: patienceMs }, () => {
    let fixture: RuntimeFixture;
    let runtime: Runtime;
    let spec: ServerSpec;

    beforeAll(async () => {
      fixture = await open();
      runtime = fixture.runtime;
      spec = await fixture.specOf("ins-one");
    }, patienceMs);

    afterAll(async () => {
      await fixture?.close();
    }, patienceMs);

    describe("with no server yet", () => {
      it("has nothing to stop, to suspend, to reload or to remove", async () => {
        expect(await runtime.findPid(spec)).toBeNull();
        for (const end of ["stop", "suspend", "reload", "remove"] as const)
          await expect(runtime[end](spec)).resolves.toBeUndefined();
      });

      it("does not start with nothing where there was to be data", async () => {
        await expect(runtime.start(spec)).rejects.toMatchObject({ code: "Y6026" });
        expect(await runtime.findPid(spec)).toBeNull();
      });

      it("makes a server anew of which a crash left a half", async () => {
        await runtime.create(spec);
        const marker = join(spec.dataDirectory, "PG_VERSION");
        await rm(marker);
        await appendFile(join(spec.dataDirectory, "left-behind"), "x");
        await runtime.create(spec);
        expect(await exists(marker)).toBe(true);
        expect(await readdir(spec.dataDirectory)).not.toContain("left-behind");
      });
    });

    describe("with a server", () => {
      let pid: number;

      it("takes sessions from the moment of its start on", async () => {
        await runtime.create(spec);
        pid = await runtime.start(spec);
        expect(await valueIn(spec, "select 1")).toBe(1);
        expect(await runtime.findPid(spec)).toBe(pid);
        await asking(spec, (client) => client.query("create table kept as select 1 as n"));
      });

      it("names the version that it runs with", async () => {
        const version = String(await valueIn(spec, "show server_version"));
        expect(version.split(" ")[0]).toBe(await runtime.versionOf(spec));
      });

      it("leaves what it has when it is made or started again", async () => {
        await runtime.create(spec);
        expect(await runtime.start(spec)).toBe(pid);
        if (fixture.successor) expect(await fixture.successor.start(spec)).toBe(pid);
        expect(await valueIn(spec, "select n from kept")).toBe(1);
      });

      it("takes other settings over without a stop", async () => {
        const others = { ...spec, settings: { ...spec.settings, work_mem: "5MB" } };
        expect(await runtime.start(others)).toBe(pid);
        await waitUntil("the settings count", async () => (await valueIn(spec, "show work_mem")) === "5MB");
        expect(await runtime.start(spec)).toBe(pid);
        await waitUntil("they do no more", async () => (await valueIn(spec, "show work_mem")) === "4MB");
        await expect(runtime.reload(spec)).resolves.toBeUndefined();
        expect(await runtime.findPid(spec)).toBe(pid);
      });

      it("lets users in by TCP with their password, and nobody where it is closed", async () => {
        await asking(spec, async (client) => {
          await client.query("create role visitor login password 'opensesame'");
          await client.query("create database visitor owner visitor");
        });
        const config = { host: "127.0.0.1", port: spec.tcpPort!, user: "visitor", database: "visitor" };
        const visit = (password: string) =>
          withClient({ ...config, password }, async (client) => (await client.query("select 1 as n")).rows);
        expect(await visit("opensesame")).toEqual([{ n: 1 }]);
        await expect(visit("wrong")).rejects.toMatchObject({ code: "28P01" });
        await expect(
          withClient({ ...config, user: admin, password: "opensesame" }, async () => {}),
        ).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
        await runtime.start({ ...spec, closed: true });
        await waitUntil("it is closed", () =>
          visit("opensesame").then(
            () => false,
            (error: { code?: string }) => error.code === "28000",
          ),
        );
        expect(await valueIn(spec, "select n from kept")).toBe(1);
        await runtime.start(spec);
        await waitUntil("it is open", () =>
          visit("opensesame").then(
            () => true,
            () => false,
          ),
        );
      });

      it("ends with its sessions when it is stopped, and has what was committed after its next start", async () => {
        const ended = asking(spec, (client) => client.query("select pg_sleep(600)"));
        const seen = expect(ended).rejects.toThrow();
        await waitUntil("it sleeps", async () => {
          const text = "select count(*)::int from pg_stat_activity where query = 'select pg_sleep(600)'";
          return (await valueIn(spec, text)) === 1;
        });
        await runtime.stop(spec);
        await seen;
        expect(await runtime.findPid(spec)).toBeNull();
        await expect(runtime.stop(spec)).resolves.toBeUndefined();
        await runtime.start(spec);
        expect(await valueIn(spec, "select n from kept")).toBe(1);
      });

      it("goes on after it was suspended, with its memory if it has any", async () => {
        const startedAt = await valueIn(spec, "select pg_postmaster_start_time()::text");
        await asking(spec, (client) => client.query("update kept set n = 2"));
        await runtime.suspend(spec);
        expect(await runtime.findPid(spec)).toBeNull();
        await expect(runtime.suspend(spec)).resolves.toBeUndefined();
        await runtime.start(spec);
        expect(await valueIn(spec, "select n from kept")).toBe(2);
        const again = await valueIn(spec, "select pg_postmaster_start_time()::text");
        expect(again === startedAt).toBe(keepsMemory);
      });

      it("begins afresh when it is stopped while it is suspended", async () => {
        const startedAt = await valueIn(spec, "select pg_postmaster_start_time()::text");
        await runtime.suspend(spec);
        await runtime.stop(spec);
        await runtime.start(spec);
        expect(await valueIn(spec, "select n from kept")).toBe(2);
        expect(await valueIn(spec, "select pg_postmaster_start_time()::text")).not.toBe(startedAt);
      });

      it("has everything that was committed after it was killed", async () => {
        await asking(spec, (client) => client.query("update kept set n = 3"));
        process.kill((await runtime.findPid(spec))!, "SIGKILL");
        await waitUntil("it is seen", async () => (await runtime.findPid(spec)) === null);
        await runtime.start(spec);
        expect(await valueIn(spec, "select n from kept")).toBe(3);
      });

      it("is one server when two start it at once", async () => {
        await runtime.stop(spec);
        const [one, other] = await Promise.all([runtime.start(spec), runtime.start(spec)]);
        expect(other).toBe(one);
        expect(await runtime.findPid(spec)).toBe(one);
        expect(await valueIn(spec, "select n from kept")).toBe(3);
      });

      it("moves to another port by a stop, and names who has the port that it is to have", async () => {
        const port = await fixture.freePort();
        const holder = await listen(port);
        const moved = { ...spec, tcpPort: port, portPatienceMs: 300 };
        try {
          await expect(runtime.start(moved)).rejects.toMatchObject({ code: "Y4014" });
          expect(await runtime.findPid(spec)).toBeNull();
        } finally {
          await new Promise((resolve) => holder.close(resolve));
        }
        await runtime.start({ ...moved, portPatienceMs: 30_000 });
        expect(await valueIn(moved, "select n from kept")).toBe(3);
        await expect(
          withClient({ host: "127.0.0.1", port, user: "visitor", database: "visitor" }, async () => {}),
        ).rejects.toThrow(/password/);
        await runtime.start(spec);
        expect(await valueIn(spec, "select n from kept")).toBe(3);
      });

      it("leaves nothing when it is removed while it runs", async () => {
        await runtime.remove(spec);
        expect(await runtime.findPid(spec)).toBeNull();
        for (const path of [dirname(spec.dataDirectory), spec.socketDirectory])
          expect(await exists(path)).toBe(false);
        await expect(runtime.remove(spec)).resolves.toBeUndefined();
      });
    });
  });
}
