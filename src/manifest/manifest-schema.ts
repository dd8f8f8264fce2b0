/**
 * In charge of the one description of a manifest: the JSON Schema that editors load, and that `check-node.ts` checks by. Keys that
 * begin with `x-` speak to the latter only.
 */
import { ignoredOfCompose } from "./compose-keys.ts";
import { actionTypes, databaseClasses, dependencyConditions } from "./manifest.ts";
import { anyText, list, mapOf, object, ref, type Schema, text } from "./schema-parts.ts";

export type { Schema } from "./schema-parts.ts";

const serviceName = "^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$";
const environmentName = "^[a-z0-9][a-z0-9_-]{0,31}$";
const duration = (description: string): Schema => ({
  type: "string",
  pattern: "^[0-9]{1,6}\\s*[smhdw]$",
  description,
  "x-expected": "a length of time such as 30d",
});
const span = (description?: string): Schema => ({
  ...text(description),
  // What comes from a variable is known when it is deployed.
  pattern: "^(([0-9]+([.][0-9]+)?(us|ms|s|m|h))+|.*\\$\\{.*)$",
  "x-expected": "a length of time such as 10s or 1m30s",
});
const commands = (description: string): Schema => ({
  anyOf: [{ type: "string", minLength: 1 }, list({ type: "string", minLength: 1 })],
  description,
  "x-expected": "a command, or a list of commands",
});
const words = (description: string): Schema => ({
  anyOf: [{ type: "string" }, list(anyText)],
  description,
  "x-expected": "a command as one text, or as a list of words",
});

const backup = object(
  {
    schedule: {
      anyOf: [{ type: "string" }, { type: "boolean", enum: [false] }],
      description: "Cron in UTC (minute hour day month weekday), or false: none.",
      "x-expected": 'a cron expression such as "0 2 * * *", or false',
    },
    retention: duration("How long backups are kept, for example 30d."),
    snapshot_on_delete: { type: "boolean", description: "Keep a last backup when it is destroyed." },
    snapshot_on_reset: { type: "boolean", description: "Make a backup before it is reset." },
  },
  { description: "What is absent is as the class says." },
);

const managedProperties: Record<string, Schema> = {
  class: {
    type: "string",
    enum: databaseClasses,
    description: "db.p1 development and test, db.p2 staging and light production, db.p3 production.",
  },
  engine: { type: "string", enum: ["postgres"] },
  engine_version: {
    anyOf: [{ type: "string", pattern: "^[0-9]{1,2}(\\.[0-9]{1,2})?$" }, { type: "number" }],
    description: 'Major version of Postgres, for example "17".',
    "x-expected": 'a version such as "17"',
  },
  backup: ref("backup"),
};

const extensionProperties = (managed: Schema): Record<string, Schema> => ({
  role: {
    type: "string",
    enum: ["managed_db", "job", "service"],
    description: "managed_db: a database that Postern makes; job: a program that ends.",
  },
  managed,
  files: {
    ...list(
      object(
        { source: text("Path in the project."), target: text("Where the program finds it.") },
        {
          required: ["source", "target"],
        },
      ),
    ),
    description: "Files and folders that a job needs.",
  },
  preStart: commands("Run after the build and before the start, at every deploy."),
  build: commands("How it is built, in its folder."),
  health: {
    ...text("Path that has to answer with 2xx before traffic goes to it, for example /health."),
    pattern: "^(/|\\$\\{)",
    "x-expected": "a path such as /health",
  },
});

const healthcheck = object({
  test: words("What tells whether it is healthy; exit 0 is yes."),
  interval: span("For example 10s."),
  timeout: span(),
  start_period: span(),
  start_interval: span(),
  retries: { type: "integer" },
  disable: { type: "boolean" },
});

const usedOfCompose: Record<string, Schema> = {
  image: text("Accepted, and not run: Postern runs programs, not images."),
  build: {
    anyOf: [
      { type: "string" },
      {
        type: "object",
        properties: { context: text(), dockerfile: text(), target: text(), args: ref("variables") },
        additionalProperties: true,
      },
    ],
    "x-expected": "a folder, or a map with context",
  },
  command: words("The program that runs."),
  entrypoint: words("What stands before the command."),
  environment: {
    ...ref("variables"),
    description: "DATABASE_URL and its kin are Postern's: give them only as ${managed.<service>.<field>}.",
  },
  env_file: { anyOf: [{ type: "string" }, list(text())], "x-expected": "a file, or a list of files" },
  ports: list({ anyOf: [{ type: "string" }, { type: "integer" }], "x-expected": "a port such as 3000" }),
  depends_on: {
    anyOf: [
      list(text()),
      mapOf(
        object(
          {
            condition: { type: "string", enum: dependencyConditions },
            restart: { type: "boolean" },
            required: { type: "boolean" },
          },
          { required: ["condition"] },
        ),
        serviceName,
        "services, each with a condition",
      ),
    ],
    "x-expected": "a list of services, or a map of services with a condition each",
  },
  healthcheck: ref("healthcheck"),
  working_dir: text(),
  restart: {
    type: "string",
    pattern: "^(no|always|unless-stopped|on-failure(:[0-9]+)?)$",
    "x-expected": "no, always, on-failure or unless-stopped",
  },
  stop_grace_period: span("For example 10s."),
};

const ignored = (names: readonly string[]): Record<string, Schema> =>
  Object.fromEntries(
    names.map((name) => [name, { description: "Of Compose; Postern ignores it.", "x-ignored": true }]),
  );

const service = (extension: string): Schema =>
  object(
    {
      ...usedOfCompose,
      ...ignored(ignoredOfCompose.service),
      "x-postern": ref(extension),
      "x-eve": ref(extension),
    },
    { patternProperties: { "^x-": {} } },
  );

const platformProperties: Record<string, Schema> = {
  project: {
    type: "string",
    pattern: "^[a-z0-9][a-z0-9_-]{0,39}$",
    description: "Name of the project.",
    "x-expected": "1 to 40 characters of a-z 0-9 _ -",
  },
  environments: mapOf(ref("environment"), environmentName, "environments by name"),
  pipelines: mapOf(ref("pipeline"), serviceName, "pipelines by name"),
  migrate: commands("Bring the schema up to date, before the programs are."),
  rollback: commands("Take the schema back, before the programs are."),
  preStart: commands("For every service that has none of its own."),
};

const nullable: Schema = { "x-nullable": true };

/** JSON Schema, draft 2020-12. */
export const manifestSchema: Schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "postern.yaml",
  description:
    "What a project needs: its services, its managed databases, its environments, and how it is deployed.",
  ...object(
    {
      name: {
        type: "string",
        description: "Name of the project, as in Compose.",
        pattern: "^[a-z0-9][a-z0-9_-]{0,39}$",
        "x-expected": "1 to 40 characters of a-z 0-9 _ -",
      },
      schema: text("Accepted, so that manifests of other tools are."),
      ...platformProperties,
      database: object({ migrate: ref("commands"), rollback: ref("commands") }),
      services: mapOf(ref("service"), serviceName, "services by name"),
      ...ignored(ignoredOfCompose.top),
      "x-postern": ref("platform"),
      "x-eve": ref("platform"),
    },
    { patternProperties: { "^x-": {} } },
  ),
  $defs: {
    commands: commands("One command, or several."),
    variables: {
      anyOf: [
        {
          type: "object",
          additionalProperties: {
            anyOf: [...anyText.anyOf!, { type: "null" }],
            "x-expected": "a text, a number, true or false",
          },
        },
        list({ type: "string", pattern: "^[^=\\s]+(=.*)?$", "x-expected": "NAME=value" }),
      ],
      "x-expected": "a map of variables, or a list of NAME=value",
    },
    backup,
    managed: object(managedProperties, { required: ["class", "engine"], description: "The database." }),
    managedOverride: object(managedProperties, nullable),
    extension: object(extensionProperties(ref("managed"))),
    extensionOverride: object(extensionProperties(ref("managedOverride")), nullable),
    healthcheck,
    service: service("extension"),
    serviceOverride: { ...service("extensionOverride"), ...nullable },
    platform: object(platformProperties),
    environment: object({
      protected: {
        type: "boolean",
        description: "What destroys its data wants its name; production is, when absent.",
      },
      pipeline: text("Which pipeline deploys it; deploy when absent."),
      overrides: object({
        services: mapOf(ref("serviceOverride"), serviceName, "services by name"),
      }),
    }),
    pipeline: object(
      {
        steps: {
          ...list(
            object(
              {
                name: { type: "string", minLength: 1 },
                depends_on: { anyOf: [{ type: "string" }, list(text())], "x-expected": "steps' names" },
                action: object(
                  {
                    type: { type: "string", enum: actionTypes },
                    service: text("For job and deploy."),
                    command: commands("For run."),
                  },
                  { required: ["type"] },
                ),
              },
              { required: ["name", "action"] },
            ),
          ),
          minItems: 1,
        },
      },
      { required: ["steps"] },
    ),
  },
};
