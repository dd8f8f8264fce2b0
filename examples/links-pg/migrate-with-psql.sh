#!/bin/sh
# Another engine in the place of `postern db migrate --ci`: all that a job is told is DATABASE_URL and MIGRATIONS_DIR.
# Its ledger has the form that Postern takes over by itself.
set -eu
: "${DATABASE_URL:?is not set}" "${MIGRATIONS_DIR:?is not set}"
# Where DATABASE_URL leads through a pooler, the direct one is the better way for migrations.
url=${DIRECT_URL:-$DATABASE_URL}
ask() { PGOPTIONS='-c client_min_messages=warning' psql "$url" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }

ask -c 'create table if not exists schema_migrations (
  name text primary key, checksum text not null, applied_at timestamptz not null default now())'

for file in "$MIGRATIONS_DIR"/*.sql; do
  name=$(basename "$file")
  checksum=$(sha256sum "$file" | cut -d' ' -f1)
  applied=$(echo "select checksum from schema_migrations where name = :'name'" | ask -v name="$name")
  if [ "$applied" = "$checksum" ]; then continue; fi
  if [ -n "$applied" ]; then
    echo "$name was changed after it was applied" >&2
    exit 6
  fi
  # The file and its row are one transaction. The row comes first: of two jobs at once, the second waits there and then fails.
  {
    echo "insert into schema_migrations (name, checksum) values (:'name', :'checksum');"
    cat "$file"
  } | ask --single-transaction -v name="$name" -v checksum="$checksum" -f -
  echo "applied $name"
done
