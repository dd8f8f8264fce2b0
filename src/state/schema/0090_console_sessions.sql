-- Who is signed in to the console, and links that sign in once. Secrets are kept as SHA-256; a session lives no longer than its key.

create table console_sessions (
  id text primary key,
  key_id text not null references api_keys on delete cascade,
  owns_key boolean not null,                -- the key was made for this session alone, and ends with it
  secret_hash bytea not null unique,
  signed_in_by text not null check (signed_in_by in ('key', 'password', 'link')),
  address text not null,                    -- where it was signed in from
  browser text not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  unlocked_until timestamptz,               -- until then it may change things; null: it only looks
  ended_at timestamptz
);
create index console_sessions_of_key on console_sessions (key_id);

create table console_links (
  token_hash bytea primary key,
  key_id text not null references api_keys on delete cascade,
  expires_at timestamptz not null,
  used_at timestamptz
);
