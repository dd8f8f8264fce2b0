/** What is done with a database as a whole, in a machine of its own: migrations, backups, copies, another class. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupInfo, CreatedBranch, DatabaseInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasGuests } from "../support/has-guests.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

const patienceMs = 300_000;

describe.skipIf(!(await hasGuests()))(
  "a database in a machine of its own, as a whole",
  { timeout: patienceMs },
  () => {
    let postern: PosternHome;
    let folder: string;
    const sql = async (text: string, name = "vm") =>
      (
        await postern.json<{ rows: Record<string, unknown>[] }>(["db", "exec", text], {
          environment: { POSTERN_DB: name },
        })
      ).rows;
    const instances = async () =>
      (await readdir(join(postern.home, "instances"))).filter((name) => name.startsWith("ins-"));

    beforeAll(async () => {
      postern = await createPosternHome();
      folder = await mkdtemp(join(tmpdir(), "guest-work-"));
      await postern.json(["up"]);
      await postern.json(["db", "create", "vm", "--isolation", "microvm"]);
      await postern.json(["db", "wait", "vm", "--timeout", "280s"]);
    }, patienceMs);

    afterAll(async () => {
      await postern?.close();
      await rm(folder, { recursive: true, force: true });
    });

    it("is migrated, backed up, proven, restored, exported and imported like any other", async () => {
      const migrations = join(folder, "migrations");
      await mkdir(migrations);
      await writeFile(
        join(migrations, "001_things.sql"),
        "create table things (id int primary key, name text);",
      );
      await postern.json(["db", "migrate", "vm", "--dir", migrations]);
      await sql("insert into things select n, 'thing ' || n from generate_series(1, 500) n");
      const backup = await postern.json<BackupInfo>(["db", "backup", "create", "vm"]);
      await postern.json(["db", "backup", "verify", backup.id]);
      const dump = join(folder, "vm.dump");
      expect((await postern.run(["db", "export", "vm", "--output", dump])).code).toBe(0);
      await sql("truncate things");
      await postern.json(["db", "backup", "restore", backup.id, "--force"]);
      expect(await sql("select count(*)::int as n from things")).toEqual([{ n: 500 }]);
      await postern.json(["db", "wipe", "vm", "--force", "--skip-snapshot"]);
      await postern.json(["db", "import", "vm", dump, "--yes"]);
      expect(await sql("select count(*)::int as n from things")).toEqual([{ n: 500 }]);
    });

    it("has branches, each in a machine of its own, that begin as its disk was", async () => {
      const made = await postern.json<CreatedBranch>(["db", "branch", "create", "vm", "--name", "twig"]);
      expect(made).toMatchObject({ way: "snapshot", isolation: "microvm" });
      expect(await instances()).toHaveLength(2);
      await sql("delete from things where id > 100", "twig");
      expect(await sql("select count(*)::int as n from things")).toEqual([{ n: 500 }]);
      const address = (await postern.run(["db", "url", "vm", "--direct", "--reveal"])).stdout.trim();
      const twig = (await postern.run(["db", "url", "twig", "--direct", "--reveal"])).stdout.trim();
      expect(new URL(twig).password).not.toBe(new URL(address).password);
      await postern.json(["db", "pause", "twig"]);
      expect(await sql("select count(*)::int as n from things", "twig")).toEqual([{ n: 100 }]);
      await postern.json(["db", "branch", "promote", "twig", "--yes", "--skip-safety-snapshot"]);
      expect(await sql("select count(*)::int as n from things")).toEqual([{ n: 100 }]);
      await postern.json(["db", "branch", "delete", "twig", "--yes"]);
      expect(await instances()).toHaveLength(1);
    });

    it("gets more memory and a larger disk with another class, and keeps its address", async () => {
      const before = (await postern.run(["db", "url", "vm", "--direct", "--reveal"])).stdout.trim();
      await postern.json(["db", "scale", "vm", "--class", "db.p3", "--yes"]);
      expect(await postern.json<DatabaseInfo>(["db", "info", "vm"])).toMatchObject({
        class: "db.p3",
        isolation: "microvm",
      });
      expect((await postern.run(["db", "url", "vm", "--direct", "--reveal"])).stdout.trim()).toBe(before);
      expect(
        await sql("select count(*)::int as n, current_setting('work_mem') as memory from things"),
      ).toEqual([{ n: 100, memory: "16MB" }]);
      const [instance] = await instances();
      const admin = new pg.Client({
        host: join(postern.home, "run", instance!),
        port: 5432,
        user: "postern_admin",
        database: "postgres",
      });
      await admin.connect();
      await admin.query("create temp table room (line text)");
      await admin.query("copy room from program 'busybox df -Pm /data | busybox tail -n 1'");
      const { rows } = await admin.query<{ line: string }>("select line from room");
      await admin.end();
      expect(Number(rows[0]!.line.split(/ +/)[1])).toBeGreaterThan(240 * 1024);
    });
  },
);
