-- What everybody reads, with or without signing in; only the owner writes it.
create table notices (
  id int generated always as identity primary key,
  body text not null
);

alter table notices enable row level security;
create policy everybody_reads on notices for select to anon, authenticated using (true);
grant select on notices to anon, authenticated;

insert into notices (body) values ('This line is for everybody. The list is for its owner alone.');
