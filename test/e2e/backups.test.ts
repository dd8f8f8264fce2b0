/** Backups over the API of a running daemon: made, downloaded, restored here and elsewhere, and what outlives a destruction. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import type { BackupInfo, CreatedDatabase, DatabaseInfo, OperationInfo } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { richDatabase } from "../support/backup-steps.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { listServerDatabases } from "../support/server-facts.ts";
import { mountSmallDisk } from "../support/small-disk.ts";

let postern: PosternHome;
let fixture: BackupFixture;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
});
afterAll(() => postern.close());

describe("a database with one of everything", () => {
  let rich: CreatedDatabase;
  let backup: BackupInfo;
  let content: string;

  beforeAll(async () => {
    rich = await fixture.create("rich");
    const files = [{ name: "001_ledger.sql", sql: "create table migrated (a int)" }];
    await fixture.completed(await postern.api("POST", `/v1/databases/${rich.id}/migrations`, { files }));
    await fixture.rows(rich.id, await richDatabase());
    content = await fixture.contentOf(rich.id);
    backup = await fixture.backUp(rich.id);
  });

  it("is the same, with its ledger, after everything was changed and restored", async () => {
    await fixture.rows(
      rich.id,
      `drop table orders cascade; drop table migrated; create table stranger (a int);
       select lo_unlink(4711); select nextval('invoice_number')`,
    );
    await fixture.completed(await fixture.startRestore(rich.id, { backup_id: backup.id }));
    expect(await fixture.contentOf(rich.id)).toBe(content);
    expect(await fixture.rows(rich.id, "select name from postern.schema_migrations")).toEqual([
      { name: "001_ledger.sql" },
    ]);
    expect((await fixture.backups(rich.id)).map(({ kind }) => kind)).toEqual(["safety", "manual"]);
  });

  it("is restored into another database, whose owner it then belongs to", async () => {
    const other = await fixture.create("other");
    const request = { backup_id: backup.id, skip_safety_snapshot: true };
    await fixture.completed(await fixture.startRestore(other.id, request));
    expect(await fixture.contentOf(other.id)).toBe(content);
    expect(await fixture.backups(other.id)).toEqual([]);
    expect(
      await fixture.rows(
        other.id,
        "select distinct tableowner as owner from pg_tables where schemaname = 'public'",
      ),
    ).toEqual([{ owner: (await fixture.urls(other.id)).user }]);
  });

  it("is downloaded byte for byte with its SHA-256", async () => {
    const answer = await fetch(`${postern.apiUrl()}/v1/backups/${backup.id}/download`, {
      headers: { authorization: `Bearer ${postern.apiKey()}` },
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes).toHaveLength(backup.size_bytes!);
    const checksum = createHash("sha256").update(bytes).digest("hex");
    expect([answer.headers.get("x-checksum-sha256"), backup.checksum]).toEqual([checksum, checksum]);
  });
});

describe("a restore", () => {
  it("ends direct sessions of the old data, and pooled clients go on with the new", async () => {
    const { id } = await fixture.create("swapped");
    await fixture.rows(id, "create table t as select 'old' as a");
    const { id: backupId } = await fixture.backUp(id);
    await fixture.rows(id, "update t set a = 'new'");
    const urls = await fixture.urls(id);
    const pooled = new pg.Client({ connectionString: urls.pooled });
    await pooled.connect();
    expect((await pooled.query("select a from t")).rows).toEqual([{ a: "new" }]);
    const direct = new pg.Client({ connectionString: urls.direct });
    const ended = new Promise<Error>((resolve) => direct.on("error", resolve));
    await direct.connect();
    await fixture.completed(await fixture.startRestore(id, { backup_id: backupId }));
    expect((await pooled.query("select a from t")).rows).toEqual([{ a: "old" }]);
    expect(await ended).toMatchObject({ code: "57P01" });
    await pooled.end();
  });

  it("that is refused half-way leaves the old data in use and no other database", async () => {
    const { id, database } = await fixture.create("refused");
    // Tables are filled in the order of their names: at a restore the flag comes too late.
    await fixture.rows(
      id,
      `create table zz_flag as select true as open;
       create function is_open(int) returns boolean language plpgsql as
         $$ begin if not exists (select from public.zz_flag) then raise exception 'it is shut'; end if; return true; end $$;
       create table guarded (a int check (is_open(a)));
       insert into guarded values (1)`,
    );
    const { id: backupId } = await fixture.backUp(id);
    const { status, error } = await fixture.restore(id, { backup_id: backupId });
    expect({ status, code: error?.code }).toEqual({ status: "failed", code: "Y6004" });
    expect(error!.detail).toContain("it is shut");
    expect(await fixture.rows(id, "select a from guarded")).toEqual([{ a: 1 }]);
    const names = await listServerDatabases(postern.home, "shared");
    expect(names.filter((name) => name.startsWith(database))).toEqual([database]);
  });
});

describe("a destroyed database", () => {
  it("comes back with its id, name, data, token and password", async () => {
    const created = await fixture.create("regretted");
    await fixture.rows(created.id, "create table t as select 7 as a");
    const before = await fixture.urls(created.id);
    await fixture.completed(await postern.api("DELETE", `/v1/databases/${created.id}`));
    await expect(new pg.Client({ connectionString: before.pooled }).connect()).rejects.toThrow();
    await fixture.completed(await postern.api("POST", `/v1/databases/${created.id}/undelete`));
    expect(await fixture.urls(created.id)).toEqual(before);
    const seen = await postern.api<DatabaseInfo>(
      "GET",
      `/v1/databases/${created.id}`,
      undefined,
      created.token,
    );
    expect(seen).toMatchObject({ id: created.id, name: "regretted", status: "ready" });
    for (const url of [before.pooled, before.direct]) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      expect((await client.query("select a from t")).rows).toEqual([{ a: 7 }]);
      await client.end();
    }
  });

  it("without a last backup cannot come back", async () => {
    const { id } = await fixture.create("gone");
    await fixture.completed(await postern.api("DELETE", `/v1/databases/${id}?skip_snapshot=true`));
    await expect(postern.api("POST", `/v1/databases/${id}/undelete`)).rejects.toMatchObject({
      code: "Y3008",
    });
  });
});

describe("a store on a disk that fills up", () => {
  it("fails the backup with Y6005 and its folder, keeps nothing of it, and serves again when there is room", async ({
    skip,
  }) => {
    const disk = await mountSmallDisk("512k");
    if (typeof disk === "string") return skip(disk);
    const small = await createPosternHome();
    try {
      small.environment.POSTERN_BACKUP_DIR = disk.directory;
      await small.start();
      const { create, rows, ended, startBackup, backups, backUp } = backupFixture(small);
      const { id } = await create("large");
      await rows(
        id,
        // Bytes that cannot be compressed.
        "create table t as select sha512(g::text::bytea) as a from generate_series(1, 20000) g",
      );
      const failed: OperationInfo = await ended(await startBackup(id));
      expect(failed).toMatchObject({ status: "failed", error: { code: "Y6005" } });
      expect(failed.error!.detail).toContain(disk.directory);
      expect(await backups(id)).toMatchObject([{ status: "failed", error: { code: "Y6005" } }]);
      const left = await readdir(disk.directory, { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile())).toEqual([]);
      await rows(id, "truncate t");
      expect(await backUp(id)).toMatchObject({ status: "completed" });
    } finally {
      await small.close();
      await disk.remove();
    }
  });
});
