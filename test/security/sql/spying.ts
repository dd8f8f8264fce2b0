/** Watching and ending what others do, and reaching other databases of the same server. */
import { expect } from "vitest";
import { type Attack, attack, describeAttacks, within, withinBoth } from "../../support/attack.ts";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import { type Battlefield, isolations } from "../../support/battlefield.ts";
import { withSession } from "../../support/session.ts";

const watching: Attack[] = [
  ...[
    ...["pg_stat_activity", "pg_stat_user_tables", "pg_stat_database", "pg_statio_user_tables", "pg_locks"],
    ...["pg_stat_all_indexes", "pg_stat_ssl", "pg_stat_replication", "pg_stat_bgwriter", "pg_stat_io"],
    ...["pg_settings", "pg_file_settings", "pg_prepared_statements", "pg_cursors", "pg_prepared_xacts"],
    ...[
      "pg_database",
      "pg_roles",
      "pg_user",
      "pg_shadow",
      "pg_authid",
      "pg_auth_members",
      "pg_group",
      "pg_tablespace",
    ],
    ...[
      "pg_db_role_setting",
      "pg_largeobject",
      "pg_statistic",
      "pg_statistic_ext_data",
      "pg_subscription",
      "pg_user_mapping",
    ],
    ...[
      "pg_hba_file_rules",
      "pg_backend_memory_contexts",
      "pg_shmem_allocations",
      "pg_config",
      "pg_replication_slots",
    ],
    ...["pg_stat_progress_vacuum", "pg_shdescription", "pg_shdepend", "pg_parameter_acl", "pg_sequences"],
  ].map((view): Attack => [view, "alice", `select * from ${view}`, "42501"]),
  ...[
    ...["pg_stat_get_activity(null)", "pg_stat_get_backend_activity(1)", "pg_stat_get_backend_idset()"],
    ...[
      "pg_lock_status()",
      "pg_blocking_pids(1)",
      "pg_safe_snapshot_blocking_pids(1)",
      "pg_show_all_settings()",
    ],
    ...["pg_terminate_backend(pg_backend_pid())", "pg_cancel_backend(1)", "pg_listening_channels()"],
    ...["pg_notification_queue_usage()", "pg_get_backend_memory_contexts()", "pg_database_size('postgres')"],
    ...[
      "pg_stat_get_tuples_inserted('todos'::regclass)",
      "pg_stat_get_numscans('todos'::regclass)",
      "pg_ls_tmpdir()",
    ],
    ...["pg_current_wal_lsn()", "pg_tablespace_size('pg_default')", "pg_sequence_last_value('todos_id_seq')"],
  ].map((call): Attack => [call, "alice", `select ${call}`, "42501"]),
  ["pg_stat_activity within a function", "alice", within("select * from pg_stat_activity"), "42501"],
  ["as the login role", "alice", within("reset role; select * from pg_stat_activity"), "42501"],
  [
    "pg_terminate_backend as the login role",
    "alice",
    within("reset role; select pg_terminate_backend(1)"),
    "42501",
  ],
  [
    "the statement of the caller's own is all that current_query() shows",
    "alice",
    "select current_query() like '%current_query%' as own",
    { rows: [{ own: true }] },
  ],
  [
    "others' prepared statements",
    "alice",
    withinBoth("select 1", "select count(*)::text from pg_prepared_statements"),
    "42501",
  ],
  [
    "debug output",
    "alice",
    withinBoth("set debug_print_plan = on; set client_min_messages = debug5", "select 1"),
    { rows: [{ found: "1" }] },
  ],
];

const reaching: Attack[] = [
  ["another database's tables by name", "alice", "select * from postgres.public.x", "0A000"],
  ["dblink", "alice", "select * from dblink('dbname=postgres', 'select 1') as t(a int)", "42883"],
  ["a foreign server", "alice", within("create server s foreign data wrapper postgres_fdw"), "42704"],
  [
    "a subscription",
    "alice",
    within("create subscription s connection 'x' publication p with (connect = false)"),
    "42501",
  ],
  ["names of databases", "alice", "select datname from pg_database", "42501"],
  ["comments on them", "alice", "select shobj_description(1, 'pg_database')", "42501"],
  ["a setting of the server's", "alice", "select current_setting('data_directory')", "42501"],
  ["where its sockets are", "alice", "select current_setting('unix_socket_directories')", "42501"],
  ["its rules", "alice", "select current_setting('hba_file')", "42501"],
];

export const watchOthers = (battlefield: () => Battlefield): void => {
  attackClass("Watching and ending others", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    describeAttacks("watching others", field, watching);
    describeAttacks("reaching other databases", field, reaching);

    attackIt("a session of the owner's is neither seen nor ended by clients", async () => {
      await withSession(field().urls.direct, async (owner) => {
        const { rows } = await owner.query<{ pid: number }>(
          "select pg_backend_pid() as pid, 'canary-statement'",
        );
        for (const call of ["pg_terminate_backend", "pg_cancel_backend", "pg_stat_get_backend_activity"])
          await attack(field(), "alice", within(`select ${call}(${rows[0]!.pid})`), "42501");
        expect((await owner.query("select 1 as alive")).rows).toEqual([{ alive: 1 }]);
      });
    });

    attackIt("statements of clients are kept from everyone, the owner included", async () => {
      await field().ask("alice", "select 'canary-typed-by-alice'");
      const rows = await field().lookInside<{ query: string | null }>(
        "select query from pg_stat_activity where usename ~ '_(authd|anon)$'",
      );
      expect(rows.length).toBeGreaterThan(0);
      expect(JSON.stringify(rows)).not.toContain("canary");
    });

    attackIt("a token of one database's is not another's, nor is its owner's", async () => {
      const other = battlefield().fields[isolation === "shared" ? "process" : "shared"];
      const { body, status } = await other.ask("owner", "select 1");
      expect([status, body.rows.length]).toEqual([200, 1]);
      const answer = await fetch(`${battlefield().postern.apiUrl()}/v1/db/${field().id}/query`, {
        method: "POST",
        headers: { authorization: `Bearer ${other.token}`, "content-type": "application/json" },
        body: '{"sql":"select 1"}',
      });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([401, "Y2002"]);
    });
  });

  attackClass("Watching and ending others", ["beside a neighbour"], () => {
    attackIt("the roles of clients may connect to no database but their own", async () => {
      const field = battlefield().fields.shared;
      const rows = await field.lookInside<{ may: string; database: string }>(`
      select r.rolname as may, d.datname as database from pg_roles r, pg_database d
       where r.rolname ~ '_(authd|anon)$' and datallowconn and has_database_privilege(r.oid, d.oid, 'connect')`);
      expect(rows.length).toBeGreaterThan(0);
      for (const { may, database } of rows) expect(may.replace(/_(authd|anon)$/, "")).toBe(database);
    });

    attackIt("the neighbour's data is where it was", async () => {
      await withSession(battlefield().neighbour.direct, async (neighbour) => {
        expect((await neighbour.query("select secret from secrets")).rows).toEqual([
          { secret: "canary-neighbour" },
        ]);
      });
    });
  });
};
