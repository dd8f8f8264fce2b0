/**
 * In charge of stopping the daemon at an exact point of an operation: one of its writes to Postern's own tables waits
 * inside Postgres, with everything before it done and nothing after it begun. Whoever kills the daemon then decides whether
 * that last write counts.
 */
import pg from "pg";
import type { PosternHome } from "./postern-home.ts";
import { waitUntil } from "./wait-until.ts";

/** What operations write; the rest is of accounts, tokens and statistics. */
const tables = [
  "operations",
  "databases",
  "instances",
  "backups",
  "archives",
  "releases",
  "environment_releases",
  "service_processes",
];
const lock = 770_077;

export interface WriteGate {
  /** Holds the nth write, and all that follow, of the operation that runs next and is of this kind. */
  close(kind: string, nth: number): Promise<void>;
  /** Holds the next operation of this kind at the end of a step: its work is done, and nothing says so yet. */
  closeAfter(kind: string, step: string): Promise<void>;
  /** Does a write wait? */
  isReached(): Promise<boolean>;
  /** Lets what waits through, or takes it back, and holds nothing any more. */
  open(end: "commit" | "rollback"): Promise<void>;
  /** Writes that were seen since `close`. */
  countWrites(): Promise<number>;
  /** What waits, for a failing test to tell. */
  describe(): Promise<string>;
  end(): Promise<void>;
}

export async function installWriteGate(postern: PosternHome): Promise<WriteGate> {
  const client = new pg.Client({
    host: `${postern.home}/run/system`,
    port: 5432,
    user: "postern_admin",
    database: "postern",
    application_name: "write-gate",
  });
  client.on("error", () => {});
  await client.connect();
  await client.query(install);
  for (const table of tables)
    await client.query(`
      create or replace trigger write_gate after insert or update or delete on public.${table}
        for each row execute function write_gate.hold()`);
  const waiting = `
    select pid from pg_locks where locktype = 'advisory' and not granted and objid = ${lock}`;
  const close = async (kind: string, nth: number | null, step: string | null) => {
    await client.query(
      `select pg_advisory_unlock_all(), pg_advisory_lock(${lock}), setval('write_gate.seen', 1, false)`,
    );
    await client.query("delete from write_gate.wish");
    await client.query("insert into write_gate.wish values ($1, $2, $3)", [kind, nth, step]);
  };
  return {
    close: (kind, nth) => close(kind, nth, null),
    closeAfter: (kind, step) => close(kind, null, step),
    isReached: async () => (await client.query(waiting)).rowCount! > 0,
    async open(end) {
      await client.query("delete from write_gate.wish");
      if (end === "rollback") {
        await client.query(`select pg_terminate_backend(pid) from (${waiting}) as waits`);
        await waitUntil("what waited is gone", async () => (await client.query(waiting)).rowCount === 0);
      }
      await client.query(`select pg_advisory_unlock_all()`);
      await waitUntil("nothing waits", async () => (await client.query(waiting)).rowCount === 0);
    },
    countWrites: async () =>
      Number(
        (
          await client.query(
            "select case when is_called then last_value else 0 end as n from write_gate.seen",
          )
        ).rows[0].n,
      ),
    async describe() {
      const { rows } = await client.query<{ query: string }>(
        `select query from pg_stat_activity where pid in (${waiting})`,
      );
      return rows.map(({ query }) => query.replace(/\s+/g, " ").slice(0, 160)).join("; ");
    },
    end: () => client.end(),
  };
}

const install = `
  create schema if not exists write_gate;
  create table if not exists write_gate.wish (kind text, nth bigint, step text);
  create sequence if not exists write_gate.seen;
  create or replace function write_gate.hold() returns trigger language plpgsql security definer as $$
    begin
      if tg_table_name = 'operations' then
        -- How far a step is, comes when it comes.
        if not exists (select from write_gate.wish where kind = new.kind) or tg_op <> 'UPDATE'
          or new.progress is distinct from old.progress and new.progress is not null
        then return null; end if;
        if exists (
          select from write_gate.wish
            where new.steps @> jsonb_build_array(jsonb_build_object('name', step, 'status', 'completed'))
              and new.steps is distinct from old.steps
        ) then perform pg_advisory_xact_lock_shared(${lock}); end if;
      elsif not exists (
        select from write_gate.wish join public.operations using (kind) where operations.status = 'running'
      ) then return null; end if;
      if nextval('write_gate.seen') >= (select nth from write_gate.wish) then
        perform pg_advisory_xact_lock_shared(${lock});
      end if;
      return null;
    end $$;`;
