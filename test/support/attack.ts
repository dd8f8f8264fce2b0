/**
 * In charge of trying attacks: each is sent as anyone could send it, and then it is looked at from outside what it came to.
 * An attack passes its test only when it ends as it is known to; that it failed for a slip of ours would prove nothing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countAttack } from "./attack-count.ts";
import { type Battlefield, type Field, prepareBattlefield, type Statement, type Who } from "./battlefield.ts";
import { waitUntil } from "./wait-until.ts";

/** Code of the error, one of several such codes, or the rows that come back. */
export type End = string | readonly string[] | { rows: unknown };

/** One statement, or several for /transaction. */
export type Attack = [what: string, who: Who, sql: string | Statement | (string | Statement)[], end: End];

/** In an application's function that runs whatever text it gets. */
export const within = (statement: string): Statement => ({ sql: "select run_text($1)", params: [statement] });

/** The first text runs within such a function, then the second, whose value comes back as `found`. */
export const withinBoth = (first: string, second: string): Statement => ({
  sql: "select two_texts($1, $2) as found",
  params: [first, second],
});

export const found = (value: string | null): End => ({ rows: [{ found: value }] });

/** One for the whole file. */
export function useBattlefield(): () => Battlefield {
  let battlefield: Battlefield;
  beforeAll(async () => {
    battlefield = await prepareBattlefield();
  });
  afterAll(() => battlefield?.close());
  return () => battlefield;
}

/** Each attack is a test. Behind them the field must lie as if nobody had come. */
export function describeAttacks(title: string, field: () => Field, attacks: readonly Attack[]): void {
  for (const [what] of attacks) countAttack(`${title}: ${what}`);
  describe(title, () => {
    let rows: unknown;
    let catalog: unknown;
    let settings: unknown;
    beforeAll(async () => {
      rows = await field().digestRows();
      catalog = await field().digestCatalog();
      settings = await readSettings(field());
    });

    it.each(attacks)("%s", async (...[, who, sql, end]) => {
      await attack(field(), who, sql, end);
      expect(await field().digestRows()).toEqual(rows);
    });

    // Seen again and again, a statement may come to share sessions with others'.
    it("and all of them again and again, side by side with others", async () => {
      for (let times = 0; times < 3; times++) {
        for (const [, who, sql, end] of attacks) {
          if (typeof end === "object" && "rows" in end) continue;
          await Promise.all([attack(field(), who, sql, end), readOwnRows(field())]);
        }
        expect(await field().digestRows()).toEqual(rows);
      }
    });

    // Callers without a token have no way in there, but by a password.
    it("and all of them by /sql", async () => {
      for (const [what, who, sql, end] of attacks) {
        if (who === "anon") continue;
        const { status, body } = await field().sql(who, sql);
        const text = `${what}: ${JSON.stringify(body).slice(0, 500)}`;
        if (typeof end === "object" && "rows" in end) {
          const last = Array.isArray(sql) ? body.results?.at(-1) : body;
          expect([status, last?.rows?.length], text).toEqual([200, (end.rows as unknown[]).length]);
          continue;
        }
        expect(typeof end === "string" ? [end] : end, text).toContain(body.code);
        expect(status, text).toBeGreaterThanOrEqual(400);
        if (who !== "bob") expect(text).not.toMatch(/canary|424242/i);
        if (/^[^Y]/.test(body.code))
          expect([body.detail ?? null, body.hint ?? null], text).toEqual([null, null]);
      }
      expect(await field().digestRows()).toEqual(rows);
    });

    it("and afterwards the owner is served, and the next clients' sessions are as new", async () => {
      await expectCalm(field());
      expect(await readSettings(field())).toEqual(settings);
      expect(await field().digestCatalog()).toEqual(catalog);
    });
  });
}

/** Sends it and checks how it ends, and that no canary comes back. */
export async function attack(field: Field, who: Who, sql: Attack[2], end: End): Promise<void> {
  const outcome = Array.isArray(sql) ? await field.transaction(who, sql) : await field.ask(who, sql);
  const text = JSON.stringify(outcome.body);
  if (who !== "bob") expect(text).not.toMatch(/canary|424242/i);
  if (typeof end === "object" && "rows" in end) {
    expect(outcome.body, text.slice(0, 500)).not.toHaveProperty("code");
    const { results } = outcome.body;
    expect(results ? results.at(-1).rows : outcome.body.rows).toEqual(end.rows);
  } else {
    const codes = typeof end === "string" ? [end] : end;
    expect(codes, text.slice(0, 500)).toContain(outcome.body.code);
    // Postgres's details and hints can quote rows and names.
    if (/^[^Y]/.test(outcome.body.code)) {
      expect(Object.keys(outcome.body)).not.toContain("detail");
      expect(Object.keys(outcome.body)).not.toContain("hint");
    }
  }
}

/** The server lives, the owner is served, clients get no session with anything left in it. */
export async function expectCalm(field: Field): Promise<void> {
  expect((await field.ask("owner", "select count(*)::int as n from vault")).body.rows).toEqual([{ n: 1 }]);
  await waitUntil("clients' sessions hold no locks", async () => (await locksOfClients(field)) === 0);
  const fresh = { rows: [{ uid: "bob", role: "authenticated", schema: "public" }] };
  const look = "select auth.uid() as uid, current_user::text as role, current_schema()::text as schema";
  await Promise.all(Array.from({ length: 4 }, () => attack(field, "bob", look, fresh)));
  await attack(field, "bob", "select lastval()", "55000");
  await readOwnRows(field);
  await attack(field, "anon", "select count(*)::int as n, auth.uid() as uid from posts", {
    rows: [{ n: 2, uid: null }],
  });
}

const readOwnRows = (field: Field) =>
  attack(field, "bob", "select title from todos order by id", {
    rows: [{ title: "canary-bob-one" }, { title: "canary-bob-two" }],
  });

async function locksOfClients(field: Field): Promise<number> {
  const [row] = await field.lookInside<{ n: number }>(
    `select count(*)::int as n from pg_locks join pg_stat_activity using (pid) where usename ~ '_(authd|anon)$'`,
  );
  return row!.n;
}

/** Everything that a session can set, as the next clients find it. */
async function readSettings(field: Field): Promise<unknown> {
  const names = await field.lookInside<{ name: string }>(
    `select name from pg_settings where context = 'user' and name !~ '[.]|^transaction_' order by name`,
  );
  const ask = (who: Who) =>
    field.ask(who, {
      sql: "select json_object_agg(n, current_setting(n)) as settings from unnest($1::text[]) n",
      params: [names.map(({ name }) => name)],
    });
  const outcomes = await Promise.all(["bob", "carol", "anon", "anon"].map(ask));
  return outcomes.map(({ body }) => body.rows[0].settings);
}
