/**
 * In charge of what PgBouncer asks at each login. An owner may change his password with SQL, so the database's own server
 * is asked; what Postern has written down counts while that server sleeps, is worked on or does not answer, and is
 * brought in line with what was seen. All of it happens in Postgres: the pooler goes on while the daemon is down.
 */
import { join } from "node:path";
import type pg from "pg";
import { serverLayout } from "../instances/server-layout.ts";
import { adminRole } from "../runtime/server-template.ts";

/**
 * Repeatable: each start brings it up to date.
 * @param home null: the tables are elsewhere, from where no server of a home can be asked; what is written down counts
 */
export async function installLoginLookup(client: pg.Client, home: string | null): Promise<void> {
  await client.query(home === null ? noServerSql : askServerSql(home));
  await client.query(lookupSql);
  // Elsewhere the pooler comes as whoever owns the tables.
  if (home !== null)
    await client.query(`
      grant usage on schema pool to postern_pooler;
      grant execute on function pool.find_login(text) to postern_pooler`);
}

const noServerSql = `
  create schema if not exists pool_link;
  revoke all on schema pool_link from public;
  create or replace function pool_link.ask_server(instance text, port integer, login text)
    returns table (may_log_in boolean, verifier text)
    language plpgsql
    set search_path = pg_catalog, pg_temp
  as $$ begin return; end $$;
  revoke all on function pool_link.ask_server(text, integer, text) from public`;

function askServerSql(home: string): string {
  const sockets = join(serverLayout(home, "_").socketDirectory, "..");
  return `
    -- Out of the pooler's reach: what dials other servers is for the look-up alone.
    create schema if not exists pool_link;
    revoke all on schema pool_link from public;
    create extension if not exists dblink with schema pool_link;

    -- No password, or no right to log in: no verifier. Null when the server cannot be asked.
    create or replace function pool_link.ask_server(instance text, port integer, login text)
      returns table (may_log_in boolean, verifier text)
      language plpgsql volatile
      set search_path = pg_catalog, pg_temp
    as $$
    begin
      return query select * from pool_link.dblink(
        format('host=''%s/%s'' port=%s dbname=postgres user=${adminRole} application_name=postern connect_timeout=2 options=''-c track_activities=off -c statement_timeout=1000''',
               replace(replace(${text(sockets)}, '\\', '\\\\'), '''', '\\'''), instance, port),
        format('select rolcanlogin and rolpassword is not null and (rolvaliduntil is null or rolvaliduntil > now()), rolpassword
                  from pg_catalog.pg_authid where rolname = %L', login)
      ) as role (may_log_in boolean, verifier text);
    exception when others then return;
    end $$;
    revoke all on function pool_link.ask_server(text, integer, text) from public`;
}

const lookupSql = `
    create or replace function pool.find_login(login text, out username text, out verifier text)
      returns setof record
      language plpgsql volatile security definer
      set search_path = pg_catalog, pg_temp
    as $$
    declare
      known record;
      held record;
    begin
      select d.id, d.role_name, d.scram_verifier, i.id as instance, i.tcp_port,
             d.status = 'ready' and (d.paused_at is null or i.kind = 'shared') as is_awake
        into known
        from public.databases d left join public.instances i on i.id = d.instance_id
       where d.role_name = login and d.status not in ('failed', 'destroying', 'destroyed');
      if not found then return; end if;
      username := known.role_name;
      verifier := known.scram_verifier;
      if known.is_awake then
        select * into held from pool_link.ask_server(known.instance, known.tcp_port, login);
        if found then
          if not held.may_log_in then return; end if;
          verifier := held.verifier;
          if verifier <> known.scram_verifier then
            perform pool.note_verifier(known.id, known.scram_verifier, verifier);
          end if;
        end if;
      end if;
      return next;
    end $$;

    -- Unless it was replaced meanwhile, or is about to be: then the server has not heard of the newer one yet.
    create or replace function pool.note_verifier(database_id text, known text, seen text) returns void
      language sql volatile
      set search_path = pg_catalog, pg_temp
    as $$
      update public.databases d set scram_verifier = seen
       where d.id = note_verifier.database_id and d.scram_verifier = known and d.status = 'ready'
         and not exists (
           select from public.operations o
            where o.database_id = d.id and o.kind = 'apply_credentials' and o.status in ('pending', 'running'));
    $$;
    revoke all on function pool.note_verifier(text, text, text) from public`;

/** As a literal. */
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
