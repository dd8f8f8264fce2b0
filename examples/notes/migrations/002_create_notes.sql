-- What they write. Two statements and a function body: one file is one transaction.
create table notes (
  id bigint generated always as identity primary key,
  author_id bigint not null references authors on delete cascade,
  title text not null,
  body text not null default '',
  updated_at timestamptz not null default now()
);

create function touch_note() returns trigger
  language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end;
$$;

create trigger notes_touch before update on notes for each row execute function touch_note();
