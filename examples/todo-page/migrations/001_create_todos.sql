-- What each user has to do. Policies say which rows a user reaches; the grants, what users may do at all.
create table todos (
  id int generated always as identity primary key,
  user_id text not null default auth.uid(),
  title text not null check (title <> '' and length(title) <= 200),
  done boolean not null default false,
  created_at timestamptz not null default now()
);

create index on todos (user_id);
alter table todos enable row level security;

create policy own_rows on todos to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

grant select, delete on todos to authenticated;
-- Only these columns: whose a row is, and its number, are not the page's to say.
grant insert (title), update (title, done) on todos to authenticated;
