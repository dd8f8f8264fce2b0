/** In charge of the SQL for groups: who belongs to them, and the functions by which policies ask. */
import { posternError } from "../../base/error.ts";
import type { RelationFacts, RowSecurityCatalog } from "./read-catalog.ts";
import { renderPolicy } from "./table-scaffold.ts";

export const groupTables: readonly string[] = ["public.groups", "public.group_members"];

const expectedColumns: Record<string, (uidType: string) => Record<string, string>> = {
  groups: (uid) => ({ id: "uuid", created_by: uid }),
  group_members: (uid) => ({ group_id: "uuid", user_id: uid, role: "text" }),
};

/** Both tables with policies; nothing of the rest goes away by itself. */
export const hasGroupScaffold = ({ relations, scaffold_functions }: RowSecurityCatalog): boolean =>
  Object.keys(expectedColumns).every((name) =>
    relations.some(
      (table) =>
        table.schema === "public" &&
        table.name === name &&
        table.row_security &&
        table.policies.some((policy) => policy.name === `${name}_read`),
    ),
  ) && scaffold_functions === 3;

/** @throws Y3033 for tables of these names that are something else */
export function renderGroupScaffold({ relations }: RowSecurityCatalog, uidType: string): string {
  for (const table of relations.filter(({ schema }) => schema === "public")) checkColumns(table, uidType);
  return [tablesSql(uidType), functionsSql(uidType), ...policies].join("\n\n");
}

function checkColumns({ name, columns }: RelationFacts, uidType: string): void {
  const expected = Object.hasOwn(expectedColumns, name) ? expectedColumns[name]!(uidType) : {};
  const wrong = Object.entries(expected).filter(
    ([column, type]) => !columns.some((found) => found.name === column && found.type === type),
  );
  if (wrong.length === 0) return;
  throw posternError("Y3033", `public.${name} exists and is not the table that groups need.`, {
    detail: `It should have ${wrong.map(([column, type]) => `${column} ${type}`).join(", ")}.`,
    hint: "Rename it, add these columns, or leave out --with-groups and write the policies by hand.",
  });
}

const tablesSql = (uidType: string) => `\
-- Groups of users, and who belongs to them. Managers of a group say who else does.
create table if not exists public.groups (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  created_by ${uidType} default auth.uid(),
  created_at timestamptz not null default now()
);
create table if not exists public.group_members (
  group_id uuid not null references public.groups (id) on delete cascade,
  user_id ${uidType} not null,
  role text not null default 'member' check (role in ('member', 'manager')),
  created_at timestamptz not null default now(),
  primary key (group_id, user_id)
);
create index if not exists groups_created_by_policy_idx on public.groups (created_by);
create index if not exists group_members_user_id_policy_idx on public.group_members (user_id);`;

const functionsSql = (uidType: string) => `\
-- What policies ask. These run as their owner, past the policies of group_members, which ask them in turn.
-- Clients may not use the schema, so they cannot call them by themselves.
create schema if not exists membership;
revoke all on schema membership from public;

create or replace function membership.group_ids() returns setof uuid
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
as $$ select group_id from public.group_members where user_id = (select auth.uid()) $$;

create or replace function membership.managed_group_ids() returns setof uuid
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
as $$ select group_id from public.group_members where user_id = (select auth.uid()) and role = 'manager' $$;

-- Who makes a group manages it.
create or replace function membership.add_creator() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  creator constant ${uidType} := auth.uid();
begin
  if creator is not null then
    insert into public.group_members (group_id, user_id, role) values (new.id, creator, 'manager')
      on conflict do nothing;
  end if;
  return null;
end $$;

revoke all on all functions in schema membership from public;
grant execute on function membership.group_ids(), membership.managed_group_ids() to authenticated;
create or replace trigger groups_add_creator after insert on public.groups
  for each row execute function membership.add_creator();`;

const groups = "(select membership.group_ids())";
const managed = "(select membership.managed_group_ids())";
const subject = "(select auth.uid())";

const policies = [
  `\
alter table public.groups enable row level security;
alter table public.group_members enable row level security;
grant usage on schema public to authenticated;
grant select, insert, update, delete on public.groups, public.group_members to authenticated;`,
  renderPolicy("public.groups", {
    name: "groups_read",
    command: "select",
    // INSERT … RETURNING asks before the trigger has made the creator a member.
    using: `id in ${groups} or created_by = ${subject}`,
  }),
  renderPolicy("public.groups", {
    name: "groups_insert",
    command: "insert",
    check: `created_by = ${subject}`,
  }),
  renderPolicy("public.groups", {
    name: "groups_update",
    command: "update",
    using: `id in ${managed}`,
    check: `id in ${managed}`,
  }),
  renderPolicy("public.groups", { name: "groups_delete", command: "delete", using: `id in ${managed}` }),
  renderPolicy("public.group_members", {
    name: "group_members_read",
    command: "select",
    using: `group_id in ${groups}`,
  }),
  renderPolicy("public.group_members", {
    name: "group_members_insert",
    command: "insert",
    check: `group_id in ${managed}`,
  }),
  renderPolicy("public.group_members", {
    name: "group_members_update",
    command: "update",
    using: `group_id in ${managed}`,
    check: `group_id in ${managed}`,
  }),
  renderPolicy("public.group_members", {
    name: "group_members_delete",
    command: "delete",
    using: `group_id in ${managed} or user_id = ${subject}`,
  }),
];
