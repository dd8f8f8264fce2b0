/** Doing what nobody granted: reading, writing, DDL, utility statements, files, programs and builtins with side effects. */
import { expect } from "vitest";
import { type Attack, describeAttacks, within, withinBoth } from "../../support/attack.ts";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import { type Battlefield, isolations } from "../../support/battlefield.ts";

const denied = (sql: string): Attack => [sql, "alice", sql, "42501"];
const notForAnon = (sql: string): Attack => [sql, "anon", sql, "42501"];
const noStatement = (sql: string): Attack => [sql, "alice", sql, "42601"];
const deniedWithin = (sql: string): Attack => [sql, "alice", within(sql), "42501"];
const deniedBehindRole = (sql: string): Attack => [sql, "alice", within(`reset role; ${sql}`), "42501"];

const reading = [
  ...[
    "select * from vault",
    "select count(*) from vault",
    "select exists (select from vault)",
    "table vault",
  ],
  ...["select salary from people", "select people from people", "select to_jsonb(p) from people p"],
  "select name from people order by salary",
  "select name from people where salary > 1",
  "insert into todos (title) select secret from vault",
  "select title from todos where title in (select secret from vault)",
  "select pg_typeof(v) from vault v",
  ...["select * from report", "select last_value from todos_id_seq", "select setval('tickets', 1)"],
  ...["delete from notes", "update people set name = 'x'", "insert into vault values ('x')"],
  "merge into vault using (values (1)) v on true when matched then delete",
  "select wipe_everything()",
  "select * from todos where wipe_everything() is null",
  "select * from postern.schema_migrations",
];

const builtins = [
  ...["pg_sleep(0)", "pg_sleep_for('1ms')", "pg_advisory_lock(1)", "pg_try_advisory_lock(1)"],
  ...[
    "pg_advisory_xact_lock(1)",
    "pg_notify('a', 'b')",
    "lo_create(0)",
    "lo_from_bytea(0, 'x')",
    "lo_get(1)",
  ],
  ...["lo_import('/etc/passwd')", "lo_export(1, '/tmp/x')", "loread(1, 1)", "pg_read_file('PG_VERSION')"],
  ...["pg_read_binary_file('PG_VERSION')", "pg_ls_dir('.')", "pg_stat_file('.')", "pg_ls_logdir()"],
  ...["pg_reload_conf()", "pg_rotate_logfile()", "pg_promote()", "pg_switch_wal()", "pg_backup_start('x')"],
  ...["pg_create_restore_point('x')", "pg_logical_emit_message(true, 'a', 'b')", "pg_export_snapshot()"],
  ...["pg_replication_origin_create('x')", "pg_create_physical_replication_slot('x')", "pg_stat_reset()"],
  ...["pg_log_backend_memory_contexts(1)", "pg_import_system_collations('public')", "pg_config()"],
  ...["binary_upgrade_set_next_pg_type_oid(1)", "pg_relation_size('vault')", "pg_relation_filepath('vault')"],
  ...["pg_control_system()", "pg_hba_file_rules()", "pg_current_logfile()", "pg_conf_load_time()"],
  ...["brin_summarize_new_values('todos')", "gin_clean_pending_list('todos_pkey')", "pg_xact_status('1')"],
].map((call) => `select ${call}`);

const utilities = [
  ...["create table x (a int)", "drop table todos", "alter table todos disable row level security"],
  ...["truncate todos", "create temp table x (a int)", "grant select on vault to authenticated", "vacuum"],
  ...["explain analyze select 1", "analyze todos", "lock table todos", "listen x", "notify x", "show all"],
  ...[
    "call p()",
    "discard all",
    "checkpoint",
    "load 'x'",
    "refresh materialized view report",
    "fetch all in c",
  ],
  ...["security label on table todos is 'x'", "comment on table todos is 'x'", "alter system set jit = on"],
  ...[
    "reassign owned by current_user to postern_admin",
    "drop owned by current_user",
    "create extension dblink",
  ],
];

const ddl = [
  ...["create table x (a int)", "create temp table todos (id int)", "drop table vault", "truncate todos"],
  ...["alter table todos disable row level security", "drop policy own on todos", "create schema x"],
  ...["create policy mine on todos using (true)", "alter policy own on todos using (true)"],
  ...["create function f() returns int return 1", "do 'begin end'", "create extension dblink", "checkpoint"],
  ...["comment on table todos is 'x'", "refresh materialized view report", "lock table vault"],
  ...[
    "create event trigger e on ddl_command_start execute function f()",
    "alter function todo_count() owner to anon",
  ],
  ...[
    "copy (select 1) to '/tmp/postern-attack'",
    "copy (select 1) to program 'true'",
    "copy todos from program 'id'",
  ],
  ...[
    "load '/tmp/x.so'",
    "create role mine",
    "alter role postern_admin password 'x'",
    "set role postern_backup",
  ],
  ...[
    "grant authenticated to anon",
    "alter role current_user superuser",
    "alter role current_user bypassrls",
  ],
  ...["alter role current_user createrole", "create trigger t after insert on todos execute function f()"],
  ...["set log_statement = 'all'", "set session_replication_role = replica", "set temp_file_limit = -1"],
  ...["create view v as select * from vault", "select 1 into x", "create table x as select 1"],
];

const asLogin = [
  ...["select * from todos", "select * from posts", "select run_text('')", "create temp table x (a int)"],
  ...["alter role current_user superuser", "alter role current_user connection limit 1000", "set role anon"],
  ...["set role postern_ident", "set role postern_owner", "grant authenticated to current_user"],
  ...[
    "create schema x",
    "alter role authenticated set work_mem = '1GB'",
    "set session authorization postern_admin",
  ],
];

const anon: Attack[] = [
  ...["select * from todos", "select * from my_todos", "select titles()", "select add_todo('x')"].map(
    notForAnon,
  ),
  ...["select todo_count()", "select nextval('tickets')", "select * from people", "select * from vault"].map(
    notForAnon,
  ),
  ["an insert is refused, even where granted", "anon", "insert into posts values (9, 'x')", "25006"],
  [
    "also in a query",
    "anon",
    "with n as (insert into posts values (9, 'x') returning 1) select 1 from n",
    "25006",
  ],
  [
    "also in a transaction that says it writes",
    "anon",
    ["select 1", "insert into posts values (9, 'x')"],
    "25006",
  ],
  ["also within a function", "anon", within("insert into posts values (9, 'x')"), "25006"],
  ["which cannot make the transaction a writing one", "anon", within("set transaction read write"), "25001"],
  ["nor by its setting", "anon", within("set transaction_read_only = off"), "25001"],
  [
    "nor for the statements that follow",
    "anon",
    [within("set default_transaction_read_only = off"), "insert into posts values (9, 'x')"],
    "25006",
  ],
  [
    "and roles' settings",
    "anon",
    within("reset role; alter role current_user set work_mem = '1GB'"),
    "25006",
  ],
];

export const doWhatNobodyGranted = (battlefield: () => Battlefield): void =>
  attackClass("Doing what nobody granted", isolations, (isolation) => {
    const field = () => battlefield().fields[isolation];
    describeAttacks("what nobody granted", field, reading.map(denied));
    describeAttacks("builtins", field, [
      ...builtins.map(denied),
      ["dblink is not there", "alice", "select * from dblink('host=127.0.0.1', 'select 1')", "42883"],
    ]);
    describeAttacks("utility statements", field, [
      ...utilities.map(noStatement),
      ["copy todos to stdout", "alice", "copy todos to stdout", "Y1011"],
      ["select into", "alice", "select 1 as a into public.mine", "42501"],
      ["prepare transaction", "alice", "prepare transaction 'x'", "Y1007"],
    ]);
    describeAttacks("utility statements within a function", field, [
      ...ddl.map(deniedWithin),
      ["copy to the client", "alice", within("copy todos to stdout"), "0A000"],
      [
        "a grant of what one has not to give",
        "alice",
        withinBoth("grant all on vault to authenticated", "select 1"),
        "42501",
      ],
      [
        "a grant of what one has does nothing",
        "alice",
        [
          within("grant select on todos to public"),
          "select has_table_privilege('anon', 'todos', 'select') as may",
        ],
        { rows: [{ may: false }] },
      ],
      ["vacuum", "alice", within("vacuum"), "25001"],
      ["alter system", "alice", within("alter system set jit = on"), "25001"],
      ["prepare transaction", "alice", within("prepare transaction 'x'"), "0A000"],
    ]);
    describeAttacks("as the role that Postern logs in as", field, asLogin.map(deniedBehindRole));
    describeAttacks("as anon", field, anon);

    attackIt("leaves no builtin with side effects to the public but those that are harmless", async () => {
      const rows = await field().lookInside<{ name: string }>(`
      select distinct proname as name from pg_proc
       where provolatile = 'v' and pronamespace = 'pg_catalog'::regnamespace and has_function_privilege('anon', oid, 'execute')
         and not ('internal'::regtype = any (proargtypes::oid[]) or prorettype in ('trigger'::regtype, 'internal'::regtype))
         and proname !~ 'handler$' order by 1`);
      const harmless =
        /^(array_sample|array_shuffle|clock_timestamp|current_query|currval|gen_random_uuid|lastval|nextval|pg_is_in_recovery|plpgsql_validator|random|random_normal|setseed|setval|timeofday|uuidv[47])$/;
      expect(rows.map(({ name }) => name).filter((name) => !harmless.test(name))).toEqual([]);
      expect(rows.length).toBeGreaterThan(10);
    });

    attackIt("shows clients no catalog of the server, of its sessions or of others", async () => {
      const rows = await field().lookInside<{ name: string }>(`
      select relname as name from pg_class
       where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') and has_table_privilege('anon', oid, 'select')`);
      const names = rows.map(({ name }) => name).join(" ");
      expect(names).toContain("pg_class");
      expect(names).not.toMatch(
        /pg_(stat_|statio_|database|auth|roles|user |shadow|group|locks|settings|file_|hba|ident|cursors|prepared|largeobject|shdesc|shdep|tablespace|replication|db_role|backend|shmem|config|statistic |subscription )/,
      );
    });

    attackIt("lets clients run no function of an extension that reaches out of the database", async () => {
      const rows = await field().lookInside<{ name: string }>(`
      select proname as name from pg_proc join pg_namespace n on n.oid = pronamespace
       where n.nspname !~ '^pg_|information_schema' and prosecdef and has_function_privilege('anon', pg_proc.oid, 'execute')`);
      expect(rows.map(({ name }) => name).sort()).toEqual(["jwt", "tenant_id", "uid"]);
    });
  });
