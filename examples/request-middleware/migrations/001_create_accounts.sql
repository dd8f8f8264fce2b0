create table accounts (
  id text primary key,
  balance integer not null,
  constraint enough_money check (balance >= 0)
);
insert into accounts values ('ann', 100), ('bob', 0);

create table transfers (
  id integer generated always as identity primary key,
  payer text not null references accounts,
  payee text not null references accounts,
  amount integer not null check (amount > 0),
  at timestamptz not null default now()
);
