/** In charge of what a Postgres that is not Postern's lacks: the clients' roles and a way to say who is asking. */
import type { RowSecurityCatalog } from "./read-catalog.ts";

/** Nothing on Postern's databases. Where these exist when it runs, they stay as they are. */
export function renderIdentity(
  { roles, uid_type, knows_tenants }: RowSecurityCatalog,
  withTenants: boolean,
): string[] {
  const isComplete = uid_type !== null && roles.every(({ exists }) => exists);
  return [...(isComplete ? [] : [identitySql]), ...(withTenants && !knows_tenants ? [tenantSql] : [])];
}

const identitySql = `\
-- Databases of Postern's have these already. Elsewhere auth.uid() is what the application sets for a transaction:
-- select set_config('request.jwt.claims', '{"sub":"…"}', true). Whoever may run any SQL can set it, too.
do $$
declare
  role text;
begin
  foreach role in array array['anon', 'authenticated'] loop
    if to_regrole(role) is null then
      execute format('create role %I nologin', role);
    end if;
  end loop;
  if to_regprocedure('auth.uid()') is null then
    create schema if not exists auth;
    grant usage on schema auth to anon, authenticated;
    create function auth.uid() returns text
      language sql stable parallel safe
      as $body$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub' $body$;
    grant execute on function auth.uid() to anon, authenticated;
  end if;
end $$;`;

const tenantSql = `\
-- The tenant in the same setting.
do $$
begin
  if to_regprocedure('auth.tenant_id()') is null then
    create function auth.tenant_id() returns text
      language sql stable parallel safe
      as $body$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'tenant_id' $body$;
    grant execute on function auth.tenant_id() to anon, authenticated;
  end if;
end $$;`;
