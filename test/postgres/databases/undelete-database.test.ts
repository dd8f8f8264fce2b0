/** Destroying a database and bringing it back: on the shared server and on one of its own. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { listDatabases } from "../../../src/databases/list-databases.ts";
import { requestUndeleteDatabase } from "../../../src/databases/undelete-database.ts";
import { findDatabaseById } from "../../../src/state/databases.ts";
import { backupSteps, richDatabase } from "../../support/backup-steps.ts";
import { describeContent } from "../../support/describe-content.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listInstanceFolders, listServerRoles } from "../../support/server-facts.ts";

let fixture: PlatformFixture;
beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterAll(() => fixture.close());

const { sql, databasesOf } = backupSteps(() => fixture);

test.each(["shared", "process"] as const)(
  "a destroyed database (%s) is listed, leaves nothing on the servers, and comes back with all it had",
  async (isolation) => {
    const { platform } = fixture;
    const row = await fixture.createDatabase({ isolation });
    await sql(row, await richDatabase());
    await sql(row, "select postern.record_migration('001_first.sql', 'sum', 1, false)");
    const before = await describeContent(platform, row);
    const readTokens = async () =>
      (await platform.state.query("select token_hash from database_tokens where database_id = $1", [row.id]))
        .rows;
    const tokens = await readTokens();
    expect(tokens).toHaveLength(1);
    const folders = await listInstanceFolders(platform.config.home);

    const destroyed = await fixture.carryOut(
      await requestDestroyDatabase(platform, row.account_id, row, { skipSnapshot: false }),
    );
    expect(destroyed.error).toBeNull();
    const { databases: list } = await listDatabases(platform, { accountId: row.account_id, destroyed: true });
    expect(list.map(({ id }) => id)).toContain(row.id);
    expect(list.find(({ id }) => id === row.id)).toMatchObject({ status: "destroyed" });
    const { databases: living } = await listDatabases(platform, {
      accountId: row.account_id,
      destroyed: false,
    });
    expect(living.map(({ id }) => id)).not.toContain(row.id);
    expect(await databasesOf(row)).toEqual([]);
    expect(await listServerRoles(platform.config.home, "shared")).not.toContain(row.role_name);
    expect(await listInstanceFolders(platform.config.home)).toHaveLength(
      folders.length - (isolation === "process" ? 1 : 0),
    );

    const gone = (await findDatabaseById(platform.state, row.id))!;
    const back = await fixture.carryOut(await requestUndeleteDatabase(platform, row.account_id, gone));
    expect(back.error).toBeNull();
    const now = (await findDatabaseById(platform.state, row.id))!;
    expect(now).toMatchObject({ status: "ready", name: row.name, database_name: row.database_name });
    expect(await describeContent(platform, now)).toBe(before);
    expect(await sql(now, "select name from postern.schema_migrations")).toEqual(["001_first.sql"]);
    expect(await readTokens()).toEqual(tokens);
    const pooled = await fixture.connectPooled(now);
    expect((await pooled.query("select 1 as a")).rows).toEqual([{ a: 1 }]);
    await pooled.end();
  },
);

test("a database that was destroyed without a last backup is neither listed nor brought back", async () => {
  const { platform } = fixture;
  const row = await fixture.createDatabase();
  await fixture.carryOut(await requestDestroyDatabase(platform, row.account_id, row, { skipSnapshot: true }));
  const { databases: list } = await listDatabases(platform, { accountId: row.account_id, destroyed: true });
  expect(list.map(({ id }) => id)).not.toContain(row.id);
  const gone = (await findDatabaseById(platform.state, row.id))!;
  await expect(requestUndeleteDatabase(platform, row.account_id, gone)).rejects.toMatchObject({
    code: "Y3008",
  });
});
