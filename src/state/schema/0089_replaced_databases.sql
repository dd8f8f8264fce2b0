-- Databases whose content was replaced, still there under another name: they are dropped behind the operation that did it.

create table replaced_databases (
  name        text primary key,
  instance_id text not null references instances (id) on delete cascade,
  database_id text not null references databases (id) on delete cascade, -- what took its place
  noted_at    timestamptz not null default now()
);
