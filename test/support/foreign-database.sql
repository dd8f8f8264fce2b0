-- What a hosted service's database may hold; run as its owner. Roles anon, authenticated and service_role exist there.
create schema shop;
create schema extra;
create table extra.alone (a int);
insert into extra.alone values (1);
grant usage on schema extra to anon;
create schema auth;
create table auth.users (id uuid primary key, email text);
insert into auth.users select gen_random_uuid(), 'u' || g from generate_series(1, 3) g;
create type shop.state as enum ('new', 'paid', 'sent');
create domain shop.email as text check (value ~ '@');
create table shop.customers (
  id bigint generated always as identity primary key,
  email shop.email not null unique,
  account uuid references auth.users,
  name text not null default 'nobody',
  upper_name text generated always as (upper(name)) stored
);
comment on table shop.customers is 'who buys; it''s "quoted" $$ here';
insert into shop.customers (email, name) select 'c' || g || '@example.com', 'n''' || g from generate_series(1, 1000) g;
create table shop.orders (
  id serial primary key,
  customer_id bigint not null references shop.customers on delete cascade,
  state shop.state not null default 'new',
  placed_at date not null,
  note text
) ;
insert into shop.orders (customer_id, state, placed_at, note)
  select 1 + g % 1000, 'paid', '2026-01-01'::date + g % 60, E'tab\there \\ and \n newline; -- no comment' from generate_series(1, 3000) g;
create table public.events (id bigint, at date not null, body jsonb) partition by range (at);
create table public.events_2025 partition of public.events for values from ('2025-01-01') to ('2026-01-01');
create table public.events_2026 partition of public.events for values from ('2026-01-01') to ('2027-01-01');
insert into public.events select g, '2025-06-01'::date + g, jsonb_build_object('g', g) from generate_series(1, 400) g;
create index on public.events (at);
create view shop.paid as select * from shop.orders where state = 'paid';
create materialized view shop.per_day as select placed_at, count(*) as n from shop.orders group by 1;
create unique index on shop.per_day (placed_at);
create sequence public.counter start 100;
select nextval('public.counter') from generate_series(1, 5);
create function public.touch() returns trigger language plpgsql as $body$ begin new.note := coalesce(new.note, ';'); return new; end $body$;
create trigger touch before insert or update on shop.orders for each row execute function public.touch();
create function public.plus(a int, b int) returns int language sql begin atomic select a + b; end;
create procedure public.nothing() language sql begin atomic select 1; select case when true then 1 end; end;
alter table shop.orders enable row level security;
create policy orders_own on shop.orders for select to authenticated using (customer_id = 1);
create policy orders_service on shop.orders to service_role using (true);
create policy orders_both on shop.orders for insert to anon, service_role, authenticated with check (state = 'new');
create policy customers_all on shop.customers using (true);
grant usage on schema shop to anon, authenticated, service_role;
grant select on shop.orders to authenticated, service_role;
grant insert on shop.orders to anon;
create extension pgcrypto schema public;
create table public.secrets (id int, hash text default encode(public.digest('x', 'sha256'), 'hex'));
insert into public.secrets values (1);
create publication everything for table shop.orders;
select lo_from_bytea(4242, 'large object');
create table public."Odd ""Name""" ("Select" int primary key, "ünï" text);
insert into public."Odd ""Name""" values (1, 'ünïcödé');
