import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type QueryFixture, startQueryFixture, target } from "../../support/query-fixture.ts";

let fixture: QueryFixture;

beforeAll(async () => {
  fixture = await startQueryFixture({ connectionsPerDatabase: 2 });
  await fixture.execute("create table item (id int)");
});
afterAll(() => fixture.close());

/** Sends a request and fires its signal once Postgres runs it. */
async function abortWhileRunning(send: (signal: AbortSignal) => Promise<unknown>, text: string) {
  const controller = new AbortController();
  const answer = send(controller.signal);
  answer.catch(() => {});
  await expect.poll(() => fixture.countActive(text), { timeout: 10_000 }).toBe(1);
  controller.abort();
  return answer;
}

describe("a client that goes away", () => {
  it("ends its statement on the server, and is told Y1017", async () => {
    const sql = "select pg_sleep(20), 'gone'";
    await expect(
      abortWhileRunning((signal) => fixture.query(sql, [], { signal }), sql),
    ).rejects.toMatchObject({ code: "Y1017" });
    await expect.poll(() => fixture.countActive(sql), { timeout: 5_000 }).toBe(0);
  });

  it("ends a transaction, which keeps nothing", async () => {
    const sql = "select pg_sleep(20), 'in a transaction'";
    const statements = [
      { sql: "insert into item values (1)" },
      { sql },
      { sql: "insert into item values (2)" },
    ];
    await expect(
      abortWhileRunning((signal) => fixture.service.transaction(target, { statements }, { signal }), sql),
    ).rejects.toMatchObject({ code: "Y1017" });
    await expect.poll(() => fixture.countActive(sql), { timeout: 5_000 }).toBe(0);
    expect((await fixture.query("select * from item")).rows).toEqual([]);
  });

  it("ends a statement that waits for another session's lock", async () => {
    const holder = new pg.Client({ ...fixture.address });
    await holder.connect();
    await holder.query("begin; lock table item");
    const sql = "select count(*) from item where id = 17";
    await expect(
      abortWhileRunning((signal) => fixture.query(sql, [], { signal }), sql),
    ).rejects.toMatchObject({ code: "Y1017" });
    await expect.poll(() => fixture.countActive(sql), { timeout: 5_000 }).toBe(0);
    await holder.end();
  });

  it("harms no neighbour, however often that happens", async () => {
    let stop = false;
    const neighbour = (async () => {
      let answered = 0;
      for (; !stop; answered++) await fixture.query("select count(*) from generate_series(1, 1000)");
      return answered;
    })();
    for (let count = 0; count < 40; count++) {
      const controller = new AbortController();
      const leaver = fixture.query("select count(*) from generate_series(1, 20000)", [], {
        signal: controller.signal,
      });
      setTimeout(() => controller.abort(), count % 8);
      await leaver.catch((error) => expect(error.code).toBe("Y1017"));
    }
    stop = true;
    expect(await neighbour).toBeGreaterThan(0);
  });

  it("before its request was sent changes nothing", async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(
      fixture.query("insert into item values (3) returning id", [], { signal: controller.signal }),
    ).rejects.toMatchObject({ code: "Y1017" });
    expect((await fixture.query("select * from item where id = 3")).rows).toEqual([]);
  });

  it("leaves no listener on its signal", async () => {
    const controller = new AbortController();
    let listening = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = ((...args: Parameters<typeof add>) => {
      listening++;
      add(...args);
    }) as typeof add;
    signal.removeEventListener = ((...args: Parameters<typeof remove>) => {
      listening--;
      remove(...args);
    }) as typeof remove;
    await fixture.query("select 1", [], { signal });
    await expect(fixture.query("selec", [], { signal })).rejects.toMatchObject({ code: "42601" });
    expect(listening).toBe(0);
  });
});

describe("a statement that takes too long", () => {
  it("is ended by Postgres, with Y1009", async () => {
    const service = fixture.openService({ statementTimeoutMs: 300 });
    await expect(service.query(target, { sql: "select pg_sleep(20)" })).rejects.toMatchObject({
      code: "Y1009",
      message: "The statement ran longer than 0.3 s and was canceled.",
    });
    await expect(
      service.transaction(target, { statements: [{ sql: "select 1" }, { sql: "select pg_sleep(20)" }] }),
    ).rejects.toMatchObject({ code: "Y1009", statementIndex: 1 });
  });

  it("has its time for itself, not shared with the others of its transaction", async () => {
    const service = fixture.openService({ statementTimeoutMs: 600 });
    const statements = Array.from({ length: 4 }, () => ({ sql: "select pg_sleep(0.3)" }));
    await expect(service.transaction(target, { statements })).resolves.toBeDefined();
  });

  it("is ended from outside when it has lifted Postgres's limit", async () => {
    const service = fixture.openService({ statementTimeoutMs: 300 });
    const statements = [
      { sql: "set local statement_timeout = 0" },
      { sql: "select pg_sleep(20), 'unlimited'" },
    ];
    await expect(service.transaction(target, { statements })).rejects.toMatchObject({ code: "Y1009" });
    await expect.poll(() => fixture.countActive("'unlimited'"), { timeout: 5_000 }).toBe(0);
  });

  it("keeps 57014 when somebody else has canceled it", async () => {
    const sql = "select pg_sleep(20), 'canceled'";
    const answer = fixture.query(sql);
    answer.catch(() => {});
    await expect.poll(() => fixture.countActive(sql)).toBe(1);
    await fixture.admin.query(
      "select pg_cancel_backend(pid) from pg_stat_activity where strpos(query, $1) > 0 and pid <> pg_backend_pid()",
      [sql],
    );
    await expect(answer).rejects.toMatchObject({ code: "57014" });
  });
});

describe("a session that breaks", () => {
  it("fails its request, and the next one gets another session", async () => {
    const sql = "select pg_sleep(20), 'terminated'";
    const answer = fixture.query(sql);
    answer.catch(() => {});
    await expect.poll(() => fixture.countActive(sql)).toBe(1);
    await fixture.admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where strpos(query, $1) > 0 and pid <> pg_backend_pid()",
      [sql],
    );
    await expect(answer).rejects.toMatchObject({ code: "57P01" });
    expect((await fixture.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
  });

  it("while nobody uses it is replaced without anyone's noticing", async () => {
    await fixture.query("select 1");
    await fixture.admin.query(
      "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'db_owner'",
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect((await fixture.query("select 1 as n")).rows).toEqual([{ n: 1 }]);
  });
});
