/** Branches over the API of a running daemon: made from servers that are written to, with secrets of their own. */
import type { CreatedBranch, CreatedDatabase, DatabaseInfo, DatabaseUrls } from "@postern/sdk/protocol";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type BackupFixture, backupFixture } from "../support/backup-fixture.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";

vi.setConfig({ testTimeout: 120_000 });

let postern: PosternHome;
let fixture: BackupFixture;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  fixture = backupFixture(postern);
});
afterAll(() => postern.close());

const create = (name: string, isolation: string) =>
  postern.api<CreatedDatabase>("POST", "/v1/databases", { name, isolation });
const branch = (ref: string, body: object = {}) =>
  postern.api<CreatedBranch>("POST", `/v1/databases/${ref}/branches`, body);
const urlsOf = (ref: string) => postern.api<DatabaseUrls>("GET", `/v1/databases/${ref}/urls`);

async function refusalOf(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => {});
  return client.connect().then(
    () => client.end().then(() => "let in"),
    (error: { code: string }) => error.code,
  );
}

describe.each(["process", "shared"])("a branch of a %s database", (isolation) => {
  let parent: CreatedDatabase;
  let made: CreatedBranch;

  beforeAll(async () => {
    parent = await create(`parent-${isolation}`, isolation);
    await fixture.rows(
      parent.id,
      `create table notes (id int primary key, body text); insert into notes values (1, 'one');
       grant select on notes to anon`,
    );
    made = await branch(parent.id, { name: `branch-${isolation}`, ttl: "2h" });
  }, 120_000);

  it("holds the parent's data, and goes its own way", async () => {
    expect(made).toMatchObject({ status: "ready", parent_id: parent.id, isolation });
    expect(["reflink", "copy", "dump"]).toContain(made.way);
    expect(await fixture.rows(made.id, "select * from notes")).toEqual([{ id: 1, body: "one" }]);
    await fixture.rows(made.id, "insert into notes values (2, 'branch')");
    await fixture.rows(parent.id, "insert into notes values (3, 'parent')");
    expect(await fixture.rows(made.id, "select id from notes order by id")).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await fixture.rows(parent.id, "select id from notes order by id")).toEqual([{ id: 1 }, { id: 3 }]);
  });

  it("belongs to an owner of its own, whose rights are the same", async () => {
    const { user, database } = await urlsOf(made.id);
    expect(await fixture.rows(made.id, "select tableowner from pg_tables where tablename = 'notes'")).toEqual(
      [{ tableowner: user }],
    );
    expect(await fixture.rows(made.id, "select current_database() as d, current_user as u")).toEqual([
      { d: database, u: user },
    ]);
    expect(
      await fixture.rows(made.id, "select has_table_privilege('anon', 'notes', 'select') as anon"),
    ).toEqual([{ anon: true }]);
    await fixture.rows(made.id, "create table mine (a int); drop table mine");
  });

  it("is opened by no secret of the parent's, and opens nothing of it", async () => {
    const mine = await urlsOf(made.id);
    const theirs = await urlsOf(parent.id);
    expect(mine.password).not.toBe(theirs.password);
    for (const [own, foreign] of [
      [mine, theirs],
      [theirs, mine],
    ] as const) {
      for (const way of ["direct", "pooled"] as const) {
        const url = new URL(own[way]);
        expect(await refusalOf(url.href)).toBe("let in");
        url.password = foreign.password;
        // PgBouncer's word for it is 08P01.
        expect(await refusalOf(url.href)).toMatch(/^(28P01|08P01)$/);
        url.username = foreign.user;
        expect(await refusalOf(url.href)).not.toBe("let in");
      }
    }
    const ask = (id: string, token: string) =>
      postern.api("POST", `/v1/db/${id}/query`, { sql: "select 1 as a" }, token);
    await expect(ask(made.id, made.token)).resolves.toMatchObject({ rows: [{ a: 1 }] });
    await expect(ask(made.id, parent.token)).rejects.toMatchObject({ code: "Y2002" });
    await expect(ask(parent.id, made.token)).rejects.toMatchObject({ code: "Y2002" });
  });

  it("is shown with its parent, its moment and its end", async () => {
    const info = await postern.api<DatabaseInfo>("GET", `/v1/databases/${made.id}`);
    expect(info).toMatchObject({ parent_id: parent.id, healthy: true });
    const branched = new Date(info.branched_at!).getTime();
    expect(branched).toBeGreaterThanOrEqual(new Date(info.created_at).getTime() - 1_000);
    expect(new Date(info.expires_at!).getTime() - new Date(info.created_at).getTime()).toBeGreaterThan(
      7_100_000,
    );
    expect(await postern.api("GET", `/v1/databases/${parent.id}/branches`)).toMatchObject([{ id: made.id }]);
    expect(await postern.api("GET", `/v1/databases/${made.id}/branches`)).toEqual([]);
  });

  it("is branched itself", async () => {
    const inner = await branch(made.id);
    expect(inner.name).toMatch(new RegExp(`^branch-${isolation}-`));
    expect(await fixture.rows(inner.id, "select count(*)::int as n from notes")).toEqual(
      await fixture.rows(made.id, "select count(*)::int as n from notes"),
    );
    await fixture.completed(await postern.api("DELETE", `/v1/databases/${inner.id}?skip_snapshot=true`));
  });

  it("has sums that add up while others write to the parent, two branches at once", async () => {
    await fixture.rows(
      parent.id,
      "create table accounts as select g as id, 100 as balance from generate_series(1, 500) g",
    );
    const writing = new AbortController();
    const writer = fixture.asOwner(parent.id, async (client) => {
      let moves = 0;
      for (; !writing.signal.aborted; moves += 1) {
        const [a, b] = [1 + Math.floor(Math.random() * 500), 1 + Math.floor(Math.random() * 500)];
        await client.query(
          `begin; update accounts set balance = balance - 7 where id = ${a};
           update accounts set balance = balance + 7 where id = ${b}; commit`,
        );
      }
      return moves;
    });
    const both = await Promise.all([branch(parent.id), branch(parent.id)]).finally(() => writing.abort());
    expect(await writer).toBeGreaterThan(0);
    for (const { id } of both) {
      expect(
        await fixture.rows(id, "select sum(balance)::int as s, count(*)::int as n from accounts"),
      ).toEqual([{ s: 50_000, n: 500 }]);
    }
  });
});

describe.each(["process", "shared"])("data of a %s branch", (isolation) => {
  let parent: CreatedDatabase;
  let made: CreatedBranch;
  let before: DatabaseUrls[];

  beforeAll(async () => {
    parent = await create(`swap-${isolation}`, isolation);
    await fixture.rows(parent.id, "create table t (a text); insert into t values ('first')");
    made = await branch(parent.id, { name: `swap-branch-${isolation}` });
    before = [await urlsOf(parent.id), await urlsOf(made.id)];
  }, 120_000);

  const texts = async (id: string) =>
    (await fixture.rows(id, "select a from t order by a")).map(({ a }) => a);
  const ask = (id: string, token: string) =>
    postern.api("POST", `/v1/db/${id}/query`, { sql: "select a from t order by a" }, token);

  it("is the parent's of now after a reset, and its URLs, password and token stay", async () => {
    await fixture.rows(parent.id, "insert into t values ('second')");
    await fixture.rows(made.id, "insert into t values ('lost')");
    await ask(made.id, made.token);
    await fixture.completed(await postern.api("POST", `/v1/databases/${made.id}/branch/reset`));
    expect(await texts(made.id)).toEqual(["first", "second"]);
    expect(await texts(parent.id)).toEqual(["first", "second"]);
    expect([await urlsOf(parent.id), await urlsOf(made.id)]).toEqual(before);
    expect(await ask(made.id, made.token)).toMatchObject({ rows: [{ a: "first" }, { a: "second" }] });
    expect(await refusalOf(before[1]!.pooled)).toBe("let in");
  });

  it("becomes the parent's by a promotion, which keeps the old data as a backup", async () => {
    await fixture.rows(made.id, "insert into t values ('branch')");
    await fixture.rows(parent.id, "insert into t values ('parent')");
    await ask(parent.id, parent.token);
    const { result } = await fixture.completed(
      await postern.api("POST", `/v1/databases/${made.id}/branch/promote`, {}),
    );
    expect(await texts(parent.id)).toEqual(["branch", "first", "second"]);
    expect(await texts(made.id)).toEqual(["branch", "first", "second"]);
    expect([await urlsOf(parent.id), await urlsOf(made.id)]).toEqual(before);
    expect(await ask(parent.id, parent.token)).toMatchObject({ rows: [{ a: "branch" }, {}, {}] });
    expect(await refusalOf(before[0]!.pooled)).toBe("let in");
    const { safety_backup_id: backupId } = result as { safety_backup_id: string };
    await fixture.completed(await fixture.startRestore(parent.id, { backup_id: backupId }));
    expect(await texts(parent.id)).toEqual(["first", "parent", "second"]);
  });

  it("goes with its parent only if that is said", async () => {
    const path = `/v1/databases/${parent.id}?skip_snapshot=true`;
    await expect(postern.api("DELETE", path)).rejects.toMatchObject({
      code: "Y3071",
      message: expect.stringContaining(made.name),
    });
    await fixture.completed(await postern.api("DELETE", `${path}&with_branches=true`));
    await waitUntil("the branch is gone", async () => {
      const info = await postern.api<DatabaseInfo>("GET", `/v1/databases/${made.id}`).catch(() => undefined);
      return info === undefined;
    });
  });
});

describe("what is refused", () => {
  it("a life that is too short, a name that is taken", async () => {
    const parent = await create("refusing", "shared");
    await expect(branch(parent.id, { ttl: "1s" })).rejects.toMatchObject({ code: "Y3073" });
    await expect(branch(parent.id, { ttl: "soon" })).rejects.toMatchObject({ code: "Y1001" });
    await expect(branch(parent.id, { name: "refusing" })).rejects.toMatchObject({ code: "Y3002" });
    for (const change of ["reset", "promote"])
      await expect(
        postern.api("POST", `/v1/databases/${parent.id}/branch/${change}`, {}),
      ).rejects.toMatchObject({ code: "Y3070" });
  });
});
