-- Who followed a link, and when.
create table visits (
  id int generated always as identity primary key,
  link_id int not null references links on delete cascade,
  referrer text,
  at timestamptz not null default now()
);

create index visits_by_link on visits (link_id, id desc);
