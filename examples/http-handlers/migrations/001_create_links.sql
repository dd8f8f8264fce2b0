-- Short names, and where they lead.
create table links (
  id int generated always as identity primary key,
  slug text not null unique check (slug ~ '^[a-z0-9-]{1,64}$'),
  target text not null check (target ~ '^https?://'),
  hits int not null default 0,
  created_at timestamptz not null default now()
);
