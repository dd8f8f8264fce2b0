/** Transaction pooling: nothing that one client leaves behind in a session reaches the next, and what works still works. */
import pg from "pg";
import { describe, expect, it } from "vitest";
import { describeEachWay } from "./support/ways.ts";

/** More clients than the pooler has connections to a database: whoever leaves something, a later one would get it. */
const laterClients = 12;

const leaks: { what: string; leave: string; look: string }[] = [
  {
    what: "search_path",
    leave: "set search_path = pg_catalog",
    look: "select current_setting('search_path') as v",
  },
  {
    what: "statement_timeout",
    leave: "set statement_timeout = 1234",
    look: "select current_setting('statement_timeout') as v",
  },
  {
    what: "a setting of one's own",
    leave: "select set_config('app.tenant', 'alice', false)",
    look: "select coalesce(current_setting('app.tenant', true), '') as v",
  },
  {
    what: "default_transaction_read_only",
    leave: "set default_transaction_read_only = on",
    look: "select current_setting('transaction_read_only') as v",
  },
  {
    what: "a temporary table",
    leave: "create temporary table left_behind (a int)",
    look: "select coalesce(to_regclass('left_behind')::text, '') as v",
  },
  {
    what: "a session's advisory lock",
    leave: "select pg_advisory_lock(4711)",
    look: "select count(*)::text as v from pg_locks where locktype = 'advisory' and objid = 4711 and database = (select oid from pg_database where datname = current_database())",
  },
  {
    what: "a LISTEN",
    leave: "listen left_channel",
    look: "select count(*)::text as v from pg_listening_channels()",
  },
  {
    what: "a held cursor",
    leave: "declare held cursor with hold for select 1",
    look: "select count(*)::text as v from pg_cursors where name = 'held'",
  },
  {
    what: "an SQL-level prepared statement",
    leave: "prepare left_statement as select 1",
    look: "select count(*)::text as v from pg_prepared_statements where name = 'left_statement'",
  },
  {
    what: "a time zone",
    leave: "set timezone = 'Asia/Tokyo'",
    look: "select current_setting('timezone') as v",
  },
  {
    what: "a session's isolation level",
    leave: "set session characteristics as transaction isolation level serializable",
    look: "select current_setting('transaction_isolation') as v",
  },
];

describeEachWay(
  "The pooler",
  (target) => {
    describe("hands on to later clients no", () => {
      it.each(leaks)("$what", async ({ leave, look }) => {
        const before = await withClients(target().url, 1, ([first]) => readValue(first!, look));
        const session = await withClients(target().direct, 1, async ([first]) => {
          await first!.query(leave);
          return readValue(first!, look);
        });
        // In a session of its own it does stay: otherwise the rest would show nothing.
        expect(session).not.toBe(before);
        await withClients(target().url, 1, ([first]) => first!.query(leave));
        const seen = await withClients(target().url, laterClients, (clients) =>
          Promise.all(clients.map((client) => readValue(client, look))),
        );
        expect(seen).toEqual(Array(laterClients).fill(before));
      });
    });

    it("keeps a setting, a role and a lock for the length of a transaction", async () => {
      await withClients(target().url, 2, async ([one, other]) => {
        await one!.query("begin");
        await one!.query("set local statement_timeout = 4321");
        await one!.query("select set_config('app.tenant', 'bob', true), pg_advisory_xact_lock(12)");
        const { rows } = await one!.query(
          "select current_setting('statement_timeout') as t, current_setting('app.tenant') as a",
        );
        expect(rows).toEqual([{ t: "4321ms", a: "bob" }]);
        expect((await other!.query("select pg_try_advisory_xact_lock(12) as got")).rows).toEqual([
          { got: false },
        ]);
        await one!.query("commit");
        expect((await other!.query("select pg_try_advisory_xact_lock(12) as got")).rows).toEqual([
          { got: true },
        ]);
      });
    });

    it("carries notifications to whoever listens on the direct URL", async () => {
      const listener = new pg.Client(target().direct);
      await listener.connect();
      const heard = new Promise((resolve) => listener.once("notification", resolve));
      await listener.query("listen news");
      await withClients(target().url, 1, async ([one]) => one!.query("select pg_notify('news', 'hello')"));
      expect(await heard).toMatchObject({ channel: "news", payload: "hello" });
      await listener.end();
    });

    it("applies what is set for the role and the database", async () => {
      await withClients(target().url, 1, async ([one]) => {
        await one!.query(
          `alter role "${target().user}" in database "${target().database}" set lock_timeout = '7s'`,
        );
      });
      // Settings of a role reach sessions that begin after them.
      await expect
        .poll(async () => {
          const fresh = new pg.Client(target().direct);
          await fresh.connect();
          const { rows } = await fresh.query("select current_setting('lock_timeout') as v");
          await fresh.end();
          return rows[0].v;
        })
        .toBe("7s");
    });

    it("lets 60 clients at once work on a few connections", async () => {
      const sums = await withClients(target().url, 60, (clients) =>
        Promise.all(
          clients.map(async (client, n) => {
            await client.query("begin");
            const { rows } = await client.query("select $1::int as n", [n]);
            await client.query("commit");
            return rows[0].n;
          }),
        ),
      );
      expect(sums).toEqual(Array.from({ length: 60 }, (_, n) => n));
    });
  },
  ["pooled"],
);

async function readValue(client: pg.Client, sql: string): Promise<string> {
  return (await client.query<{ v: string }>(sql)).rows[0]!.v;
}

async function withClients<Result>(
  url: string,
  count: number,
  work: (clients: pg.Client[]) => Promise<Result>,
): Promise<Result> {
  const clients = Array.from({ length: count }, () => new pg.Client(url));
  await Promise.all(clients.map((client) => client.connect()));
  try {
    return await work(clients);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}
