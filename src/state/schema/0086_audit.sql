-- Who changed what on the control plane: one row for each request that changes something, whatever came of it. No secrets.

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  request_id text not null,
  actor_kind text not null check (actor_kind in ('account', 'database', 'nobody')),
  actor_id text,                            -- of the account or of the database; kept when these are gone
  actor_name text,                          -- username, as it was then
  key_id text,                              -- the API key that was used
  action text not null,                     -- as the API's description names it: createDatabase
  target text,                              -- what was named: databases, projects, tokens, by name or id
  status integer not null,                  -- of HTTP
  code text                                 -- of the error
);
create index audit_log_at on audit_log (at desc);
create index audit_log_of_actor on audit_log (actor_id, at desc);
