/** A restore that fails, and one that is cut off: the old data, or the whole of the new, and never anything between. */
import { createHash } from "node:crypto";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requestRestore } from "../../../src/databases/restore-database.ts";
import {
  createOperationRun,
  type OperationHandler,
  type OperationRun,
} from "../../../src/instances/operation-run.ts";
import type { Platform } from "../../../src/instances/platform.ts";
import { type BackupRow, completeBackup, listBackups } from "../../../src/state/backups.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import { findOperation, type OperationRow } from "../../../src/state/operations.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { findProgram } from "../../support/find-program.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

const { sql, backUp, restore, databasesOf } = backupSteps(() => fixture);
const fileOf = (backup: BackupRow) => join(fixture.platform.config.backupDirectory, backup.storage_key);

/** A database with a backup of its one row "old", and the row "new" since then. */
async function createChanged(more = ""): Promise<{ row: DatabaseRow; backup: BackupRow }> {
  const row = await fixture.createDatabase();
  await sql(
    row,
    `create table t as select 'old' as a; create table pad as select repeat(g::text, 20) as x from generate_series(1, 5000) g; ${more}`,
  );
  const backup = await backUp(row);
  await sql(row, "update t set a = 'new'");
  return { row, backup };
}

async function expectUntouched(row: DatabaseRow): Promise<void> {
  expect(await sql(row, "select a from t")).toEqual(["new"]);
  const pooled = await fixture.connectPooled(row);
  expect((await pooled.query("select a from t")).rows).toEqual([{ a: "new" }]);
  await pooled.end();
  expect(await databasesOf(row)).toEqual([row.database_name]);
  expect((await findDatabaseById(fixture.platform.state, row.id))!.status).toBe("ready");
}

describe("a backup's file that is not what was written", () => {
  const damages: [string, string, (file: string) => Promise<void>][] = [
    ["cut short", "Y6003", (file) => truncate(file, 3000)],
    ["empty", "Y6003", (file) => truncate(file, 0)],
    ["gone", "Y6007", (file) => rm(file)],
    [
      "altered in one bit",
      "Y6003",
      async (file) => {
        const bytes = await readFile(file);
        bytes[Math.floor(bytes.length / 2)]! ^= 1;
        await writeFile(file, bytes);
      },
    ],
  ];
  test.each(damages)("%s is refused with %s before anything is touched", async (_how, code, damage) => {
    const { row, backup } = await createChanged();
    await damage(fileOf(backup));
    const { status, error } = await restore(row, backup);
    expect({ status, code: error?.code }).toEqual({ status: "failed", code });
    expect(`${error!.message} ${error!.detail}`).toContain(backup.storage_key);
    await expectUntouched(row);
    const kinds = (await listBackups(fixture.platform.state, { databaseId: row.id, limit: 9 })).map(
      ({ kind }) => kind,
    );
    expect(kinds).toEqual(["manual"]);
  });

  test.each([
    ["in its head", 300],
    ["in its data", 12_000],
  ])(
    "damaged %s before its checksum was noted is found out by pg_restore, and the old data stays",
    async (_where, at) => {
      const { row, backup } = await createChanged();
      const bytes = await readFile(fileOf(backup));
      bytes.fill(0xff, at, at + 200);
      await writeFile(fileOf(backup), bytes);
      const checksum = createHash("sha256").update(bytes).digest("hex");
      const file = { sizeBytes: bytes.length, checksum };
      await completeBackup(fixture.platform.state, backup.id, { plain: file, stored: file }, null);
      const { status, error } = await restore(row, backup);
      expect(status).toBe("failed");
      expect(["Y6003", "Y6004"]).toContain(error!.code);
      expect(error!.detail).toContain("pg_restore");
      await expectUntouched(row);
    },
  );
});

test("what was dumped but cannot be restored is refused in pg_restore's own words, and the old data stays", async () => {
  // A check that looks at another table holds only while that one is full.
  const { row, backup } = await createChanged(`
    create function strict_check(int) returns boolean language plpgsql as
      $$ begin if (select count(*) from public.pad) < 5000 then raise exception 'pad is empty'; end if; return true; end $$;
    create table "early bird" (a int check (strict_check(a)));
    insert into "early bird" values (1)`);
  const { error } = await restore(row, backup);
  expect(error).toMatchObject({ code: "Y6004", detail: expect.stringContaining("pad is empty") });
  await expectUntouched(row);
});

test("a pg_restore that is killed leaves a failed operation and the old data", async () => {
  const { row, backup } = await createChanged(`
    create function slow(int) returns boolean language plpgsql as $$ begin return true; end $$;
    create table slowly (a int check (slow(a)));
    insert into slowly select generate_series(1, 1000);
    create or replace function slow(int) returns boolean language plpgsql as
      $$ begin perform pg_catalog.pg_sleep(0.1); return true; end $$`);
  const restored = restore(row, backup);
  process.kill(await copyingRestore(row), "SIGKILL");
  expect(await restored).toMatchObject({
    status: "failed",
    error: { code: "Y6004", detail: expect.stringContaining("SIGKILL") },
  });
  await expectUntouched(row);
});

/** Pid of the pg_restore that fills the slow table. */
async function copyingRestore(row: DatabaseRow): Promise<number> {
  const admin = await fixture.connectAdmin(row, "postgres");
  await waitUntil("pg_restore copies", async () => {
    const { rowCount } = await admin.query(
      "select from pg_stat_activity where starts_with(datname, $1) and query like 'COPY public.slowly%'",
      [`${row.database_name}_new_`],
    );
    return rowCount === 1;
  });
  await admin.end();
  return findProgram("pg_restore", fixture.platform.config.home);
}

test("what is restored runs with its owner's rights only", async () => {
  const attacks = [
    "alter role current_user superuser",
    "reset session authorization; set role postern_admin",
    "set session authorization postern_admin",
    "set role postern_backup",
    "copy (select 1) to program 'true'",
    "create role intruder superuser",
    "insert into postern.schema_migrations (name, checksum, duration_ms) values ('forged', '', 0)",
    "alter database postgres with allow_connections false",
    "set session_preload_libraries = 'postern'",
  ];
  const row = await fixture.createDatabase();
  await sql(
    row,
    `create table log (attack text, session_role text, outcome text);
     create function attack(int) returns boolean language plpgsql as $f$
     declare statement text;
     begin
       foreach statement in array array[${attacks.map((attack) => `'${attack.replaceAll("'", "''")}'`).join(", ")}] loop
         begin
           execute statement;
           insert into public.log values (statement, session_user, 'done');
         exception when others then
           insert into public.log values (statement, session_user, sqlstate);
         end;
       end loop;
       return true;
     end $f$;
     create function attack_immutable(a int) returns int language plpgsql immutable as
       $f$ begin perform public.attack(a); return a; end $f$;
     create table in_check (a int check (attack(a)));
     insert into in_check values (1);
     create table in_generated (a int, b int generated always as (attack_immutable(a)) stored);
     insert into in_generated values (1);
     create table in_index (a int);
     insert into in_index values (1);
     create index on in_index (attack_immutable(a));
     create materialized view in_view as select attack_immutable(a) from in_index;
     truncate log`,
  );
  const backup = await backUp(row);
  expect((await restore(row, backup)).error).toBeNull();
  const client = await fixture.connect(row);
  const { rows } = await client.query("select distinct session_role, outcome = 'done' as done from log");
  expect(rows).toEqual([{ session_role: row.role_name, done: false }]);
  expect((await client.query("select from log")).rowCount).toBeGreaterThanOrEqual(attacks.length * 2);
  expect((await client.query("select from postern.schema_migrations")).rowCount).toBe(0);
  const { rows: roles } = await client.query(
    "select rolname from pg_roles where rolsuper or rolcreaterole or rolcreatedb order by 1",
  );
  expect(roles).toEqual([{ rolname: "postern_admin" }]);
  await client.end();
});

class Crash extends Error {}

/** The same operation as the daemon's, which dies at its nth turn: around a step, a note, or in the middle of the swap. */
function dying(handler: OperationHandler, turns: number): OperationHandler & { reached: string[] } {
  const reached: string[] = [];
  const turn = (where: string) => {
    reached.push(where);
    if (reached.length === turns) throw new Crash(where);
  };
  const mortal = (run: OperationRun): OperationRun => ({
    ...run,
    async step(name, work) {
      turn(`before ${name}`);
      const result = await run.step(name, work);
      turn(`after ${name}`);
      return result;
    },
    async remember(input) {
      await run.remember(input);
      turn(`noted ${Object.keys(input).join()}`);
    },
  });
  const mortalPlatform = (platform: Platform): Platform => ({
    ...platform,
    pooler: {
      route: (target) => platform.pooler.route(target),
      unroute: (database) => platform.pooler.unroute(database),
      endClients: (user, before) => platform.pooler.endClients(user, before),
      kill: (database) => platform.pooler.kill(database),
      reconnect: (database, patienceMs) => platform.pooler.reconnect(database, patienceMs),
      async pause(database) {
        await platform.pooler.pause(database);
        turn("paused");
      },
      async resume(database) {
        await platform.pooler.resume(database);
        turn("resumed");
      },
    },
  });
  return { reached, run: (platform, run) => handler.run(mortalPlatform(platform), mortal(run)) };
}

test("a daemon that dies anywhere in a restore leaves it to its successor, who loses nothing written since", async () => {
  const { platform, handlers } = fixture;
  const runOnce = async (operation: OperationRow, handler: OperationHandler) => {
    const now = (await findOperation(platform.state, operation.id))!;
    await handler.run(platform, createOperationRun(platform, now, platform.stopping));
  };
  const { row, backup } = await createChanged();
  const deaths: string[] = [];
  for (let turns = 1; ; turns += 1) {
    await sql(row, "update t set a = 'new'");
    const operation = await requestRestore(platform, null, row, backup, {
      backup_id: backup.id,
      skip_safety_snapshot: true,
    });
    const handler = dying(handlers.restore_backup!, turns);
    const death = await runOnce(operation, handler).catch((error: unknown) => error);
    if (!(death instanceof Crash)) {
      expect(death).toBeUndefined();
      break;
    }
    deaths.push(death.message);
    // Once the database is open with the restored data, what its clients write is there to stay.
    const { status } = (await findDatabaseById(platform.state, row.id))!;
    const open = status === "ready" && (await sql(row, "select a from t"))[0] === "old";
    if (open) await sql(row, "insert into t values ('since')");
    expect((await fixture.carryOut(operation)).status).toBe("completed");
    expect(await sql(row, "select a from t order by a")).toEqual(open ? ["old", "since"] : ["old"]);
    expect(await databasesOf(row)).toEqual([row.database_name]);
    await sql(row, "delete from t where a = 'since'");
  }
  expect(deaths).toEqual(
    expect.arrayContaining(["before restore", "paused", "after swap", "noted swapped", "after open"]),
  );
});

test("a restore that is given up after the swap has begun opens the old data again", async () => {
  const { row, backup } = await createChanged();
  const operation = await requestRestore(fixture.platform, null, row, backup, { backup_id: backup.id });
  const { restore_backup: handler } = fixture.handlers;
  const platformThatCannotSwap = (platform: Platform): Platform => ({
    ...platform,
    pooler: Object.assign(Object.create(platform.pooler), {
      pause: async (database: string) => {
        await platform.pooler.pause(database);
        throw new Error("the swap failed");
      },
    }),
  });
  const failed = await fixture.carryOut(operation, {
    restore_backup: {
      ...handler!,
      run: (platform, run) => handler!.run(platformThatCannotSwap(platform), run),
    },
  });
  expect(failed.status).toBe("failed");
  await expectUntouched(row);
});
