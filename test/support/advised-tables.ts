/** In charge of tables for tests of advice: large enough that reading them whole is a pity, and one that is not. */

export const advisedTables = `
    create schema app;
    create table users (id int primary key, email text not null unique, team int, name text);
    insert into users select n, 'user' || n || '@example.org', n % 20, 'name ' || n % 500 from generate_series(1, 5000) n;
    create table todos (id int primary key, user_id int not null, done boolean not null, title text, created_at timestamptz not null,
      tags jsonb not null default '{}');
    insert into todos select n, n % 5000, n % 10 = 0, 'title ' || n, now() - n * interval '1 minute' from generate_series(1, 20000) n;
    create table app.orders (id int primary key, user_id int references users, state text not null, total numeric, created_at timestamptz);
    insert into app.orders select n, 1 + n % 5000, (array['new', 'paid', 'sent'])[1 + n % 3], n, now() - n * interval '1 hour'
      from generate_series(1, 10000) n;
    create index orders_user_created on app.orders (user_id, created_at);
    create table settings (id int primary key, key text);
    insert into settings select n, 'key' || n from generate_series(1, 100) n;`;
