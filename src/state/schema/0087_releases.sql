-- Releases: what was deployed to an environment, what serves there now, and its processes.

create table releases (
  project_id text not null,
  environment text not null,
  number integer not null,
  status text not null default 'deploying'
    check (status in ('deploying', 'active', 'superseded', 'rolled_back', 'failed')),
  account_id text references accounts,
  operation_id text not null,
  manifest jsonb not null,                  -- as it is for the environment; of variables the names only
  variables_sealed bytea not null,          -- what services are given beside what is Postern's: JSON, by service
  backup_id text,                           -- made before its schema was changed
  has_files boolean not null default true,
  error jsonb,
  created_at timestamptz not null default now(),
  activated_at timestamptz,
  ended_at timestamptz,                     -- when another one took its place, or it failed
  primary key (project_id, environment, number),
  foreign key (project_id, environment) references environments on delete cascade
);

create table environment_releases (
  project_id text not null,
  environment text not null,
  active integer,                           -- null: nothing serves
  last_number integer not null default 0,
  operation_id text,                        -- the one that changes it, or did so last
  primary key (project_id, environment),
  foreign key (project_id, environment) references environments on delete cascade
);

-- Where a service is reached, whichever release serves; kept for the environment.
create table service_ports (
  project_id text not null,
  environment text not null,
  service text not null,
  port integer not null unique,
  primary key (project_id, environment, service),
  foreign key (project_id, environment) references environments on delete cascade
);

-- Written before a process is started, so that a successor of the daemon finds it by its mark.
create table service_processes (
  mark text primary key,
  project_id text not null,
  environment text not null,
  service text not null,
  release integer not null,
  port integer,                             -- that it listens on; null: it has none
  pid integer,
  start_time text,                          -- of the process, as the system counts it: a pid alone may be another's by now
  is_serving boolean not null default false, -- set with the release's activation
  created_at timestamptz not null default now()
);
create index service_processes_of_environment on service_processes (project_id, environment);
