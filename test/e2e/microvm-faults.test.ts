/**
 * What becomes of a database in a machine of its own when something around it breaks: its state is told as it is, and once
 * the fault is over it works again by itself, with everything that was acknowledged. `POSTERN_TEST_GUESTS=1`
 */
import { open, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { hasGuests } from "../support/has-guests.ts";
import { copyToolchains, moveToSmallDisk } from "../support/machine-files.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import {
  createSleepingDatabase,
  type SleepingDatabase,
  withOwnTables,
} from "../support/sleeping-database.ts";
import { waitUntil } from "../support/wait-until.ts";

/** A machine that is emulated, on a host that does other things too. */
const patienceMs = 300_000;
vi.setConfig({ testTimeout: patienceMs, hookTimeout: patienceMs });

describe.skipIf(!(await hasGuests()))("a database in a machine of its own", () => {
  let postern: PosternHome;
  let shop: SleepingDatabase;
  let data: string;
  let written = 0;
  const inData = (name: string) => join(data, name);
  const exists = (path: string) =>
    stat(path).then(
      () => true,
      () => false,
    );
  const machinePid = async () => Number((await readFile(inData("qemu.pid"), "utf8")).trim());

  /** A row that is acknowledged. */
  async function write(): Promise<void> {
    await shop.overHttp(`insert into log values (${written + 1})`);
    written += 1;
  }
  /** Every row that was acknowledged is there, by each way. */
  async function expectWhole(): Promise<void> {
    const count = "select count(*)::int as n from log";
    for (const ask of [shop.overHttp, (sql: string) => shop.overPostgres("direct", sql)])
      expect(await ask(count)).toEqual([{ n: written }]);
    expect((await shop.info()).status).toBe("ready");
  }
  const back = (what: string, work: () => Promise<void>) =>
    waitUntil(
      what,
      () =>
        work().then(
          () => true,
          () => false,
        ),
      patienceMs,
    );
  /** Asked again and again: it is never called ready before it answers. */
  const unreachable = (cause: RegExp, timeoutMs = 120_000) =>
    waitUntil(
      `its status says ${cause}`,
      async () => {
        const info = await shop.info();
        if (info.status !== "unreachable") return false;
        expect(info.healthy).not.toBe(true);
        return cause.test(info.warnings.join("\n"));
      },
      timeoutMs,
    );

  beforeAll(async () => {
    const root = await createPosternHome();
    const toolchains = join(dirname(root.home), "toolchains");
    await copyToolchains(readConfig().toolchainDirectory, toolchains);
    root.environment.POSTERN_TOOLCHAIN_DIR = toolchains;
    postern = root;
    await postern.start();
    shop = await createSleepingDatabase(postern, { name: "shop", class: "db.p1", isolation: "microvm" });
    data = join(postern.home, "instances", shop.instance, "data");
    await shop.overHttp("create table log (n int primary key)");
  });
  afterAll(() => postern?.close());

  describe("whose machine", () => {
    it("is killed boots again with every row that was acknowledged", async () => {
      await write();
      process.kill(await machinePid(), "SIGKILL");
      await back("it is back", expectWhole);
    });

    it("stands still is not called ready, and goes on with the right time", async () => {
      await write();
      const pid = await machinePid();
      process.kill(pid, "SIGSTOP");
      try {
        await unreachable(/does not (answer|do)|not run/);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      await back("it is back", expectWhole);
      expect(await machinePid()).toBe(pid);
      await waitUntil("it has the right time", async () => {
        const [row] = await shop.overHttp("select extract(epoch from clock_timestamp())::float8 as at");
        return Math.abs((row as { at: number }).at - Date.now() / 1_000) < 2;
      });
    });
  });

  describe("when the daemon is killed", () => {
    it("while it wakes, answers whoever waited, or the next one", async () => {
      await write();
      const before = await machinePid();
      await shop.pause();
      const waiting = shop.overPostgres("direct", "select count(*)::int as n from log").catch(() => {});
      await waitUntil("its machine begins", async () => {
        const pid = await machinePid().catch(() => before);
        return pid !== before;
      });
      await postern.stop("SIGKILL");
      await postern.start();
      await waiting;
      await back("it is back", expectWhole);
    });

    it.each(["memory.new", "memory"])(
      "while it falls asleep and has written %s, loses nothing",
      async (file) => {
        await write();
        const pausing = shop.pause().catch(() => {});
        await waitUntil("its memory is being written", () => exists(inData(file)));
        await postern.stop("SIGKILL");
        await pausing;
        await postern.start();
        await back("it is back", expectWhole);
      },
    );

    it("and it was awake, is taken over by the next daemon", async () => {
      await write();
      const pid = await machinePid();
      await postern.stop("SIGKILL");
      await postern.start();
      await back("it is back", expectWhole);
      expect(await machinePid()).toBe(pid);
    });
  });

  describe("asleep", () => {
    const startedAt = async () =>
      ((await shop.overHttp("select pg_postmaster_start_time()::text as at"))[0] as { at: string }).at;

    /** With the note of it as it would be if all were well. */
    async function damage(harm: (note: Record<string, unknown>) => Promise<void>): Promise<void> {
      const note = JSON.parse(await readFile(inData("suspended.json"), "utf8")) as Record<string, unknown>;
      await harm(note);
      await writeFile(inData("suspended.json"), JSON.stringify(note));
    }

    it.each<[string, (note: Record<string, unknown>) => Promise<void>]>([
      ["is cut short", () => truncate(inData("memory"), 1_000_000)],
      [
        "is cut short where nothing tells it",
        async (note) => {
          note.size_bytes = Number(note.size_bytes) / 2;
          await truncate(inData("memory"), note.size_bytes as number);
        },
      ],
      [
        "is empty",
        async (note) => {
          note.size_bytes = 0;
          await truncate(inData("memory"), 0);
        },
      ],
      [
        "was written by another QEMU",
        async (note) => {
          note.fits = "0".repeat(64);
        },
      ],
      ["is gone", () => rm(inData("memory"))],
    ])("boots when its memory %s", async (_, harm) => {
      await write();
      const before = await startedAt();
      await shop.pause();
      await damage(harm);
      await expectWhole();
      expect(await startedAt()).not.toBe(before);
      expect(await readdir(data)).not.toContain("memory");
    });

    it.each(["127.0.0.1", "127.0.77.1"])(
      "is woken elsewhere when another program has its port at %s",
      async (host) => {
        await write();
        await shop.pause();
        const port = await withOwnTables(postern, async (client) => {
          const { rows } = await client.query("select tcp_port from instances where id = $1", [
            shop.instance,
          ]);
          return (rows[0] as { tcp_port: number }).tcp_port;
        });
        const holder = await listen(host, port);
        try {
          await expectWhole();
        } finally {
          await new Promise((resolve) => holder.close(resolve));
        }
      },
    );
  });

  describe("while the image of machines", () => {
    const image = async () => {
      const root = postern.environment.POSTERN_TOOLCHAIN_DIR!;
      return join(root, (await readdir(root)).find((name) => name.startsWith("guest-r"))!);
    };

    it("lacks its kernel cannot start, says why, and is back when the kernel is", async () => {
      await write();
      const kernel = join(await image(), "vmlinuz");
      await rename(kernel, `${kernel}.away`);
      process.kill(await machinePid(), "SIGKILL");
      await unreachable(/Y8101/);
      await rename(`${kernel}.away`, kernel);
      await back("it is back", expectWhole);
    });

    it("is altered by a byte cannot start, says why, and is back when it is made anew", async () => {
      await write();
      const file = await open(join(await image(), "root.ext4"), "r+");
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 5_000_000);
      await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, 5_000_000);
      await file.close();
      process.kill(await machinePid(), "SIGKILL");
      await unreachable(/Y8101/);
      const made = await postern.run(["admin", "image", "build"]);
      expect(made).toMatchObject({ code: 0 });
      await back("it is back", expectWhole);
    });
  });

  describe("on a disk that is full", () => {
    let restore: (() => Promise<void>) | string;
    const filler = () => inData("filler");

    async function fill(): Promise<void> {
      const file = await open(filler(), "w");
      try {
        for (;;) await file.write(Buffer.alloc(65_536));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
      } finally {
        await file.close();
      }
    }

    beforeAll(async () => {
      await shop.pause();
      await rm(inData("memory"), { force: true });
      restore = await moveToSmallDisk(data, 400);
    });
    afterAll(async () => {
      await postern?.stop("SIGTERM");
      if (typeof restore === "function") await restore();
    });

    it("stands still rather than lose a write, says so, and goes on when there is room", async (context) => {
      if (typeof restore === "string") return context.skip(restore);
      await expectWhole();
      await fill();
      const rows = 200_000;
      // Not over HTTP, where no statement may take that long.
      const large = shop.overPostgres(
        "direct",
        `with made as (insert into log select n from generate_series(1000, ${rows + 999}) n returning 1) select count(*)::int as n from made`,
      );
      await unreachable(/full/);
      await rm(filler());
      expect(await large).toEqual([{ n: rows }]);
      written += rows;
      await back("it is back", expectWhole);
    });

    it("falls asleep without its memory, and boots", async (context) => {
      if (typeof restore === "string") return context.skip(restore);
      await fill();
      await shop.pause();
      expect((await shop.info()).status).toBe("paused");
      expect(await readdir(data)).not.toContain("memory");
      await rm(filler());
      await expectWhole();
    });
  });
});

function listen(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
