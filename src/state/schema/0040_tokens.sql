-- Tokens with less than all rights, and with an end.

alter table database_tokens
  add column scope text not null default 'full' check (scope in ('full', 'read_only')),
  add column expires_at timestamptz,
  add column last_used_at timestamptz;
