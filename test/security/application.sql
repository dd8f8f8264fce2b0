-- An application's tables and functions as their owner might write them, the careless ones among them.
-- Canaries are what nobody but their user (or nobody at all) may ever see in an answer.
create table todos (
  id int generated always as identity primary key,
  user_id text not null default auth.uid(),
  title text not null,
  slug text unique
);
alter table todos enable row level security;
create policy own on todos to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
insert into todos (user_id, title, slug) values
  ('alice', 'alice one', 'a1'), ('alice', 'alice two', 'a2'),
  ('bob', 'canary-bob-one', 'canary-slug-1'), ('bob', 'canary-bob-two', 'canary-slug-2');
grant select, insert, update, delete on todos to authenticated;

-- The same with a policy per command, in the plain form.
create table notes (id serial primary key, user_id text not null default auth.uid(), body text not null);
alter table notes enable row level security;
create policy read_own on notes for select to authenticated using (user_id = auth.uid());
create policy add_own on notes for insert to authenticated with check (user_id = auth.uid());
create policy change_own on notes for update to authenticated using (user_id = auth.uid()) with check (user_id = auth.uid());
insert into notes (user_id, body) values ('alice', 'hers'), ('bob', 'canary-bob-note');
grant select, insert, update on notes to authenticated;
grant usage on sequence notes_id_seq to authenticated;

create table comments (id int generated always as identity primary key, todo_id int references todos on delete cascade, body text);
grant select, insert on comments to authenticated;

create table posts (id int primary key, title text not null, body jsonb);
insert into posts values (1, 'hello', '{"tags": ["a", "b"]}'), (2, 'world', '{"tags": []}');
alter table posts enable row level security;
create policy everyone_reads on posts for select using (true);
create policy anon_writes on posts for insert to anon with check (true);
grant select, insert on posts to anon;
grant select on posts to authenticated;

-- Of tenants, as `db rls init` would have it.
create table orders (
  id int generated always as identity primary key,
  tenant_id text not null default auth.tenant_id(),
  item text not null
);
alter table orders enable row level security;
create policy orders_tenant on orders to authenticated
  using (tenant_id = (select auth.tenant_id())) with check (tenant_id = (select auth.tenant_id()));
insert into orders (tenant_id, item) values
  ('acme', 'anvil'), ('globex', 'canary-globex-one'), ('globex', 'canary-globex-two'), ('', 'canary-nobody');
grant select, insert, update, delete on orders to authenticated;

create table vault (secret text);
insert into vault values ('canary-vault');
create table people (name text, salary int);
insert into people values ('bob', 424242);
grant select (name) on people to authenticated;
analyze todos, notes, vault, people;

create view my_todos with (security_invoker = true) as select id, title from todos;
grant select on my_todos to authenticated;
create materialized view report as select 'canary-report' as line;

-- Careless: it runs whatever text it gets, as its caller.
create function run_text(statement text) returns void language plpgsql as 'begin execute statement; end';
create function run_value(statement text) returns text language plpgsql as
  'declare found text; begin execute statement into found; return found; end';
create function two_texts(first text, second text) returns text language plpgsql as
  'declare found text; begin execute first; execute second into found; return found; end';
grant execute on function run_text, run_value, two_texts to anon, authenticated;

-- Careful: what it shows, everyone may see.
create function todo_count() returns bigint language sql stable security definer
  set search_path = public, pg_temp as 'select count(*) from todos';
create function wipe_everything() returns void language sql security definer
  set search_path = public, pg_temp as 'delete from todos';
create function add_todo(title text) returns todos language plpgsql as $$
declare added todos; begin insert into todos (title) values (add_todo.title) returning * into added; return added; end $$;
create function titles() returns setof text language plpgsql stable as
  'begin return query select title from todos order by id; end';
create function double(a int) returns int language sql immutable as 'select 2 * a';
create function scratch() returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare counted bigint; begin
  create temp table if not exists scratch_space (n int) on commit drop;
  insert into scratch_space values (1), (2);
  select count(*) into counted from scratch_space;
  return counted;
end $$;
grant execute on function todo_count, add_todo, titles, double, scratch to authenticated;
grant execute on function double to anon;
create function endless() returns void language plpgsql as 'begin loop end loop; end';
grant execute on function endless to anon, authenticated;
create sequence tickets;
grant usage on sequence tickets to authenticated;
create type mood as enum ('happy', 'sad');
create domain short_text as text check (length(value) < 10);
create extension pgcrypto;
create extension pg_trgm;
