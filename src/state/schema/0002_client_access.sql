-- May an application's users, and callers without any token, send SQL to this database? Their tokens come from the
-- server's issuer unless the database has one of its own.

alter table databases
  add column client_access boolean not null default false,
  add column oidc_issuer text,
  add column oidc_audience text;
