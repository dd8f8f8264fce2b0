-- Projects, their environments, and which database serves each of an environment's managed services.

create table projects (
  id text primary key,                      -- proj_…
  account_id text not null references accounts,
  name text not null,
  created_at timestamptz not null default now()
);
create unique index projects_name_of_account on projects (account_id, name);

create table environments (
  project_id text not null references projects on delete cascade,
  name text not null,
  is_protected boolean not null,            -- what destroys its data wants its name beside --yes
  created_at timestamptz not null default now(),
  applied_at timestamptz,                   -- when a manifest was last applied
  primary key (project_id, name)
);

create table environment_services (
  project_id text not null,
  environment text not null,
  service text not null,
  -- A creation that is undone takes the row with it: the next apply begins again.
  database_id text not null references databases on delete cascade,
  applied jsonb not null,                   -- what the manifest said when it was last applied
  in_manifest boolean not null default true,
  token_id text,                            -- of the token that ${managed.<service>.token} stands for
  token_sealed bytea,
  created_at timestamptz not null default now(),
  primary key (project_id, environment, service),
  foreign key (project_id, environment) references environments on delete cascade
);
create index environment_services_of_database on environment_services (database_id);
