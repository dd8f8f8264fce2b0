/** In charge of the manifest that `postern init` begins with: what most projects need, and the rest as comments. */

export interface FirstManifest {
  name: string;
  /** It has a package.json with a start script: a service is written for it. */
  hasStart: boolean;
}

export const renderFirstManifest = ({
  name,
  hasStart,
}: FirstManifest): string => `# What this project needs. All fields: docs/manifest.md
#   postern manifest check              what is wrong with this file
#   postern apply --env staging --plan  what would be done; without --plan it is done
#   postern deploy --env staging        builds this folder, applies its schema, starts its services
name: ${JSON.stringify(name)}

services:
  # A Postgres of its own for each environment, made when it is first applied.
  db:
    x-postern:
      role: managed_db
      managed:
        class: db.p1 # db.p2: staging and light production, db.p3: production
        engine: postgres
        # engine_version: "17"
        # backup:
        #   schedule: "0 2 * * *" # cron in UTC, or false
        #   retention: 30d

${service(hasStart)}
environments:
  staging: {}
  # What destroys data here wants --confirm production.
  production:
    protected: true
    # overrides:
    #   services:
    #     db:
    #       x-postern: { managed: { class: db.p3 } }

# Commands that bring the schema up to date, instead of the SQL files in db/migrations:
# migrate: ["npx knex migrate:latest"]
# rollback: ["npx knex migrate:down"]
`;

/** It listens on PORT, and finds its database by DATABASE_URL. */
const service = (isActive: boolean): string =>
  `  # A program: listens on PORT of 127.0.0.1, and finds its database by DATABASE_URL.
  api:
    command: npm start
    ports: [3000]
    depends_on:
      db:
        condition: service_healthy
    # environment:
    #   LOG_LEVEL: info
    # x-postern:
    #   health: /health
`
    .split("\n")
    .map((line) => (isActive || line === "" || line.startsWith("  #") ? line : `  # ${line.slice(2)}`))
    .join("\n");
