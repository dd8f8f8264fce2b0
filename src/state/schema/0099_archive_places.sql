-- Where a server's archive is: one that is meant to be elsewhere from now on begins anew there.
alter table archives add column repository text;   -- as renderPlace writes it; null: of an older release, a folder

-- Archives in a store that nobody needs any more, until the store says that they are gone.
create table abandoned_archives (
  repository text primary key,
  since timestamptz not null default now()
);
