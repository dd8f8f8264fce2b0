/** Client access and what is made of the database: dumps, restores, its end and its return. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requestDestroyDatabase } from "../../../src/databases/destroy-database.ts";
import { requestUndeleteDatabase } from "../../../src/databases/undelete-database.ts";
import { type ClientLogins, prepareClientAccess } from "../../../src/instances/client-access.ts";
import { serverLayout } from "../../../src/instances/server-layout.ts";
import { runProgram } from "../../../src/runtime/run-program.ts";
import { postgresProgram } from "../../../src/runtime/toolchain.ts";
import { type DatabaseRow, findDatabaseById } from "../../../src/state/databases.ts";
import { backupSteps } from "../../support/backup-steps.ts";
import { attach, loginAsClient } from "../../support/client-identity.ts";
import { describeContent } from "../../support/describe-content.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { listServerRoles } from "../../support/server-facts.ts";
import { startTestServer, superuser, type TestServer } from "../../support/test-server.ts";

let fixture: PlatformFixture;
let bare: TestServer;
beforeAll(async () => {
  [fixture, bare] = await Promise.all([startPlatformFixture(), startTestServer()]);
});
afterAll(async () => {
  await bare?.stop();
  await fixture?.close();
});

const { sql, backUp, restore } = backupSteps(() => fixture);

const notes = `
  create table notes (user_id text, body text);
  insert into notes values ('ada', 'a'), ('bob', 'b');
  alter table notes enable row level security;
  create policy own on notes to authenticated using (user_id = (select auth.uid()));
  grant select on notes to authenticated;`;

/** Bodies of the notes that this user sees. */
async function seenBy(row: DatabaseRow, logins: ClientLogins, subject: string): Promise<unknown[]> {
  const client = await loginAsClient(fixture.platform, row, logins.authenticated, logins.settings);
  try {
    await attach(client, logins, subject);
    return (await client.query<{ body: string }>("select body from notes")).rows.map(({ body }) => body);
  } finally {
    await client.end();
  }
}

async function pgDump(row: DatabaseRow, ...args: string[]): Promise<string> {
  const { platform } = fixture;
  const { socketDirectory } = serverLayout(platform.config.home, row.instance_id!);
  const connection = ["-h", socketDirectory, "-U", row.role_name, "-d", row.database_name];
  const end = await runProgram(
    postgresProgram(platform.toolchain, "pg_dump"),
    [...connection, "--restrict-key=same", ...args],
    { account: platform.account },
  );
  expect(end).toMatchObject({ exitCode: 0, stderr: "" });
  return end.stdout;
}

describe("a dump by the owner", () => {
  it("names neither the key nor the login roles, and says nothing new but the function", async () => {
    const row = await fixture.createDatabase();
    await sql(row, notes);
    const before = await pgDump(row);
    const { authenticated, anonymous } = await prepareClientAccess(fixture.platform, row);
    const after = await pgDump(row);
    expect(after).not.toContain(authenticated);
    expect(after).not.toContain(anonymous);
    expect(after).not.toMatch(/schema pg_postern|inner_key bytea/i);
    const lines = (text: string) =>
      text.split("\n").filter((line) => /^(CREATE|ALTER|GRANT|REVOKE)/.test(line));
    const known = new Set(lines(before));
    expect(lines(after).filter((line) => !known.has(line))).toEqual([
      expect.stringMatching(/^CREATE FUNCTION auth.attach\(/),
      "ALTER FUNCTION auth.attach(claims text, exp bigint, mac text) OWNER TO postern_ident;",
    ]);
  });

  it("restores on a Postgres without Postern, where nobody can attach an identity", async () => {
    const row = await fixture.createDatabase();
    await sql(row, notes);
    await prepareClientAccess(fixture.platform, row);
    const database = await bare.createDatabase();
    const { platform } = fixture;
    const { socketDirectory } = serverLayout(platform.config.home, row.instance_id!);
    const bash = (command: string) =>
      runProgram("/bin/bash", ["-o", "pipefail", "-c", command], { account: platform.account });
    const program = (name: "pg_dump" | "pg_restore") => `'${postgresProgram(platform.toolchain, name)}'`;
    const end = await bash(
      `${program("pg_dump")} -Fc -h '${socketDirectory}' -U ${row.role_name} -d ${row.database_name} |
       ${program("pg_restore")} -h '${bare.socketDirectory}' -U ${superuser} -d ${database} --no-owner --no-acl`,
    );
    expect(end).toMatchObject({ exitCode: 0, stderr: "" });
    const client = await bare.connect({ database });
    expect((await client.query("select count(*)::int as n from notes")).rows).toEqual([{ n: 2 }]);
    await expect(client.query("select auth.attach('ada', 99999999999, '00')")).rejects.toMatchObject({
      code: expect.stringMatching(/^(42P01|42704|3F000)$/),
    });
    await client.end();
  });
});

describe("a database with client access", () => {
  it.each(["shared", "process"] as const)("is backed up and restored whole: %s", async (isolation) => {
    const row = await fixture.createDatabase({ isolation });
    await sql(row, notes);
    const logins = await prepareClientAccess(fixture.platform, row);
    const content = await describeContent(fixture.platform, row);
    const backup = await backUp(row);
    await sql(row, "delete from notes");
    expect(await restore(row, backup)).toMatchObject({ status: "completed", result: { skipped_grants: [] } });
    await expect(seenBy(row, logins, "ada")).rejects.toMatchObject({ code: "42501" });
    const again = await prepareClientAccess(fixture.platform, row);
    expect(again).toEqual(logins);
    expect(await seenBy(row, again, "ada")).toEqual(["a"]);
    expect(await describeContent(fixture.platform, row)).toBe(content);
  });

  it("leaves no role behind when it is destroyed, and works when it is back", async () => {
    const row = await fixture.createDatabase();
    await sql(row, notes);
    const logins = await prepareClientAccess(fixture.platform, row);
    const roles = () => listServerRoles(fixture.platform.config.home, "shared");
    expect(await roles()).toEqual(expect.arrayContaining([logins.authenticated, logins.anonymous]));
    const account = row.account_id;
    const { platform } = fixture;
    const destroyed = await requestDestroyDatabase(platform, account, row, { skipSnapshot: false });
    expect((await fixture.carryOut(destroyed)).error).toBeNull();
    expect((await roles()).filter((role) => role.startsWith(row.database_name))).toEqual([]);
    const gone = (await findDatabaseById(platform.state, row.id))!;
    const undelete = await requestUndeleteDatabase(platform, account, gone);
    expect((await fixture.carryOut(undelete)).error).toBeNull();
    const back = (await findDatabaseById(platform.state, row.id))!;
    expect(await seenBy(back, await prepareClientAccess(platform, back), "bob")).toEqual(["b"]);
  });
});
