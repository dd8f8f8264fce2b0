import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { ensureAdminAccount } from "../../../src/access/accounts.ts";
import { Authenticator } from "../../../src/access/authenticate.ts";
import { type AccountId, type DatabaseId, newDatabaseId } from "../../../src/base/id.ts";
import { hashSecret, newToken } from "../../../src/base/secrets.ts";
import { findAccountByUsername } from "../../../src/state/accounts.ts";
import { insertDatabase, insertToken } from "../../../src/state/databases.ts";
import type { Queryable } from "../../../src/state/state.ts";
import { startTestState, type TestState } from "../../support/test-state.ts";
import { waitUntil } from "../../support/wait-until.ts";

let server: TestState;
let state: TestState["state"];
let owner: AccountId;
let adminKey: string;

beforeAll(async () => {
  server = await startTestState();
  state = server.state;
});
beforeEach(async () => {
  await server.clear();
  adminKey = (await ensureAdminAccount({ state }))!;
  owner = (await findAccountByUsername(state, "admin"))!.id;
});
afterAll(() => server.close());

async function makeDatabase(): Promise<{ id: DatabaseId; token: string }> {
  const id = newDatabaseId();
  const token = newToken();
  await insertDatabase(state, {
    id,
    name: id.replace("db-", "shop-"),
    account_id: owner,
    class: "db.p1",
    isolation: "shared",
    database_name: id.replace("-", "_"),
    role_name: id.replace("-", "_"),
    password_sealed: Buffer.from("sealed"),
    scram_verifier: "SCRAM-SHA-256$…",
    connection_limit: 10,
    storage_limit_bytes: null,
  });
  await insertToken(state, id, hashSecret(token), "test");
  return { id, token };
}

const revoke = (token: string) =>
  state.query("update database_tokens set revoked_at = now() where token_hash = $1", [hashSecret(token)]);

/** An authenticator whose clock stands still, and that counts what it asks of Postgres. */
function authenticator() {
  let nowMs = 0;
  let queries = 0;
  let notes = 0;
  const counting: Queryable = {
    query(sql, params) {
      if (/^\s*select/.test(sql)) queries += 1;
      else notes += 1;
      return state.query(sql, params);
    },
  };
  return {
    subject: new Authenticator(counting, () => nowMs),
    queries: () => queries,
    notes: () => notes,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

describe("a database's token", () => {
  test("opens that database", async () => {
    const { subject } = authenticator();
    const { id, token } = await makeDatabase();
    expect(await subject.authenticateDatabase(id, token)).toEqual({ kind: "database", databaseId: id });
  });

  test("opens no other database", async () => {
    const { subject } = authenticator();
    const [one, other] = [await makeDatabase(), await makeDatabase()];
    await expect(subject.authenticateDatabase(other.id, one.token)).rejects.toMatchObject({ code: "Y2002" });
  });

  test("is refused alike whatever is wrong with it", async () => {
    const { subject } = authenticator();
    const { id, token } = await makeDatabase();
    const wrong: [string, string][] = [
      [id, newToken()],
      [newDatabaseId(), token],
      ["db-", token],
      ["'; drop table accounts; --", token],
      [id, ""],
      [id, token.toUpperCase()],
      [id, `${token} `],
      [id, adminKey],
      [id, hashSecret(token).toString("hex")],
    ];
    const failures = await Promise.all(
      wrong.map(([ref, secret]) =>
        subject.authenticateDatabase(ref, secret).catch((error: unknown) => error),
      ),
    );
    const [first] = failures as Error[];
    expect(first).toMatchObject({ code: "Y2002" });
    for (const failure of failures) expect(failure).toEqual(first);
  });

  test("is looked up once a second, however often it is used", async () => {
    const { subject, queries, pass } = authenticator();
    const { id, token } = await makeDatabase();
    await Promise.all(Array.from({ length: 20 }, () => subject.authenticateDatabase(id, token)));
    pass(999);
    await subject.authenticateDatabase(id, token);
    expect(queries()).toBe(1);
    pass(1);
    await subject.authenticateDatabase(id, token);
    expect(queries()).toBe(2);
  });

  test("is noted as used once a minute", async () => {
    const { subject, notes, pass } = authenticator();
    const { id, token } = await makeDatabase();
    for (const ms of [0, 1_000, 58_999]) {
      pass(ms);
      await subject.authenticateDatabase(id, token);
    }
    expect(notes()).toBe(1);
    pass(1);
    await subject.authenticateDatabase(id, token);
    expect(notes()).toBe(2);
  });

  test("that has expired opens nothing, also where it is remembered", async () => {
    const { subject } = authenticator();
    const { id, token } = await makeDatabase();
    await state.query(
      "update database_tokens set expires_at = now() + interval '300 ms' where token_hash = $1",
      [hashSecret(token)],
    );
    expect(await subject.authenticateDatabase(id, token)).toMatchObject({ databaseId: id });
    await waitUntil("it has expired", () =>
      subject.authenticateDatabase(id, token).then(
        () => false,
        (error) => error.code === "Y2002",
      ),
    );
    await expect(subject.authenticateToken(token)).rejects.toMatchObject({ code: "Y2002" });
  });

  test("expires by the clock as it is: set ahead it closes, set back it opens, and what was revoked stays shut", async () => {
    const { subject, pass } = authenticator();
    const { id, token } = await makeDatabase();
    await state.query(
      "update database_tokens set expires_at = now() + interval '1 hour' where token_hash = $1",
      [hashSecret(token)],
    );
    const opens = () =>
      subject.authenticateDatabase(id, token).then(
        () => true,
        () => false,
      );
    expect(await opens()).toBe(true);
    const dayMs = 24 * 3_600_000;
    const realNow = Date.now();
    const clock = vi.spyOn(Date, "now");
    try {
      clock.mockReturnValue(realNow + dayMs);
      expect(await opens()).toBe(false);
      // Looked up again: a refusal is not remembered longer than an answer.
      pass(1_000);
      expect(await opens()).toBe(false);
      clock.mockReturnValue(realNow - dayMs);
      expect(await opens()).toBe(true);
      await revoke(token);
      pass(1_000);
      expect(await opens()).toBe(false);
    } finally {
      clock.mockRestore();
    }
  });

  test("that was revoked opens nothing a second later", async () => {
    const { subject, pass } = authenticator();
    const { id, token } = await makeDatabase();
    await subject.authenticateDatabase(id, token);
    await revoke(token);
    pass(1_000);
    await expect(subject.authenticateDatabase(id, token)).rejects.toMatchObject({ code: "Y2002" });
  });

  test("that was revoked opens nothing at once when the authenticator is told", async () => {
    const { subject } = authenticator();
    const { id, token } = await makeDatabase();
    await subject.authenticateDatabase(id, token);
    await revoke(token);
    subject.forget(id);
    await expect(subject.authenticateDatabase(id, token)).rejects.toMatchObject({ code: "Y2002" });
  });

  test("may be one of several, and revoking one leaves the others", async () => {
    const { subject } = authenticator();
    const { id, token } = await makeDatabase();
    const second = newToken();
    await insertToken(state, id, hashSecret(second), "second");
    await revoke(token);
    expect(await subject.authenticateDatabase(id, second)).toMatchObject({ databaseId: id });
    await expect(subject.authenticateDatabase(id, token)).rejects.toMatchObject({ code: "Y2002" });
  });

  test("tells the control plane which database it is, until it is revoked", async () => {
    const { subject } = authenticator();
    const { id, token } = await makeDatabase();
    expect(await subject.authenticateToken(token)).toEqual({ kind: "database", databaseId: id });
    await revoke(token);
    await expect(subject.authenticateToken(token)).rejects.toMatchObject({ code: "Y2002" });
    await expect(subject.authenticateToken("nonsense")).rejects.toMatchObject({ code: "Y2002" });
  });

  test("is looked up again after a look-up that failed", async () => {
    const { id, token } = await makeDatabase();
    let broken = true;
    const flaky: Queryable = {
      query: (sql, params) => (broken ? Promise.reject(new Error("gone")) : state.query(sql, params)),
    };
    const subject = new Authenticator(flaky, () => 0);
    await expect(subject.authenticateDatabase(id, token)).rejects.toThrow("gone");
    broken = false;
    expect(await subject.authenticateDatabase(id, token)).toMatchObject({ databaseId: id });
  });

  test("is not disturbed by those who make up ids", async () => {
    const { subject, queries } = authenticator();
    const { id, token } = await makeDatabase();
    for (let index = 0; index < 200; index += 1) {
      await subject.authenticateDatabase(newDatabaseId(), token).catch(() => {});
    }
    expect(await subject.authenticateDatabase(id, token)).toMatchObject({ databaseId: id });
    expect(queries()).toBe(201);
  });
});

describe("an API key", () => {
  test("speaks for its account", async () => {
    const { subject } = authenticator();
    expect(await subject.authenticateKey(adminKey)).toMatchObject({
      kind: "account",
      accountId: owner,
      role: "admin",
    });
  });

  test.each(["", "pk_", `pk_${"0".repeat(64)}`, "x".repeat(67), "' or true --"])(
    "%j is Y2002",
    async (key) => {
      const { subject } = authenticator();
      await expect(subject.authenticateKey(key)).rejects.toMatchObject({ code: "Y2002" });
    },
  );

  test("that does not look like one costs no query", async () => {
    const { subject, queries } = authenticator();
    await subject.authenticateKey("nonsense").catch(() => {});
    await subject.authenticateToken("nonsense").catch(() => {});
    await subject.authenticateDatabase(newDatabaseId(), "nonsense").catch(() => {});
    expect(queries()).toBe(0);
  });

  test("has its use written down, at most once a minute", async () => {
    const { subject } = authenticator();
    const lastUsed = async () =>
      (await state.query<{ at: Date | null }>("select last_used_at as at from api_keys")).rows[0]!.at;
    expect(await lastUsed()).toBeNull();
    await subject.authenticateKey(adminKey);
    const first = await lastUsed();
    expect(first).toBeInstanceOf(Date);
    await subject.authenticateKey(adminKey);
    expect(await lastUsed()).toEqual(first);
    await state.query("update api_keys set last_used_at = now() - interval '61 seconds'");
    await subject.authenticateKey(adminKey);
    expect((await lastUsed())!.getTime()).toBeGreaterThanOrEqual(first!.getTime());
  });
});
