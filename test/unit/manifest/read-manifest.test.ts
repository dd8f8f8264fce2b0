import { describe, expect, it } from "vitest";
import { interpolate } from "../../../src/manifest/interpolate.ts";
import { readManifest } from "../../../src/manifest/read-manifest.ts";

const db = `services:
  db:
    x-postern:
      role: managed_db
      managed:
        class: db.p1
        engine: postgres
`;

/** Each issue as `line:column path: message` and its hint. */
const issuesOf = (text: string) =>
  readManifest(text).issues.map(
    ({ line, column, path, message, hint }) =>
      `${line}:${column} ${path}: ${message}${hint ? ` | ${hint}` : ""}`,
  );

describe("a broken manifest", () => {
  it.each([
    ["is empty", "", ["1:1 : it is empty, expected services"]],
    ["is a list", "- a\n", ["1:1 : found a list, expected a map"]],
    ["is no YAML", "services: [\n", [expect.stringMatching(/^2:1 : the YAML is not valid: /)]],
    [
      "says a key twice",
      "name: a\nname: b\n",
      [expect.stringMatching(/^2:1 : the YAML is not valid: Map keys/)],
    ],
    [
      "has an unknown class",
      db.replace("db.p1", "db.p9"),
      [
        '6:16 services.db.x-postern.managed.class: found "db.p9", expected db.p1, db.p2 or db.p3 | Did you mean "db.p1"?',
      ],
    ],
    [
      "has an unknown engine",
      db.replace("postgres\n", "mysql\n"),
      ['7:17 services.db.x-postern.managed.engine: found "mysql", expected postgres'],
    ],
    [
      "has no class",
      db.replace("        class: db.p1\n", ""),
      ["6:9 services.db.x-postern.managed: class is missing, expected db.p1, db.p2 or db.p3"],
    ],
    [
      "has an unknown key under x-postern",
      db.replace("managed:", "manged:"),
      [
        "4:13 services.db.x-postern.role: managed is missing, expected a map with class and engine",
        '5:7 services.db.x-postern.manged: unknown key "manged", expected role, managed, files, preStart, build or health | Did you mean "managed"?',
      ],
    ],
    [
      "has managed without a role",
      db.replace("      role: managed_db\n", ""),
      ["5:9 services.db.x-postern.managed: found no role beside managed, expected role: managed_db"],
    ],
    [
      "has a key that Compose does not know",
      "services:\n  api:\n    enviroment: {}\n",
      ['3:5 services.api.enviroment: unknown key "enviroment" | Did you mean "environment"?'],
    ],
    [
      "has a key of the wrong kind",
      "services:\n  api:\n    ports: 3000\n",
      ["3:12 services.api.ports: found 3000, expected a list"],
    ],
    [
      "waits for a service that is not there",
      `${db}  api:\n    depends_on:\n      bd: {condition: service_healthy}\n`,
      ['10:11 services.api.depends_on.bd: there is no service "bd", expected db, api | Did you mean "db"?'],
    ],
    [
      "waits for a condition that is none",
      `${db}  api:\n    depends_on:\n      db: {condition: healthy}\n`,
      [
        '10:23 services.api.depends_on.db.condition: found "healthy", expected service_started, service_healthy or service_completed_successfully',
      ],
    ],
    [
      "has services that wait for each other",
      "services:\n  a:\n    depends_on: [b]\n  b:\n    depends_on: [a]\n",
      ["3:17 services.a.depends_on: services wait for each other: a → b → a"],
    ],
    [
      "has a placeholder of a service that is not there",
      `${db}  api:\n    environment:\n      A: \${managed.dbb.url}\n`,
      [
        '10:10 services.api.environment.A: ${managed.dbb.url} names dbb: there is no such service | Did you mean "db"?',
      ],
    ],
    [
      "has a placeholder of an unknown field",
      `${db}  api:\n    command: run \${managed.db.ulr}\n`,
      [
        '9:14 services.api.command: ${managed.db.ulr}: found ulr, expected url, direct_url, http_url, host, token, id, name, user, password, port | Did you mean "url"?',
      ],
    ],
    [
      "has a placeholder of something that is no database",
      `${db}  api: {}\n  web:\n    environment: ["A=\${managed.api.url}"]\n`,
      ["10:19 services.web.environment[0]: ${managed.api.url} names api: it is no managed database"],
    ],
    [
      "has a value of its own for a reserved variable",
      `${db}  api:\n    environment:\n      DATABASE_URL: postgres://mine\n`,
      [
        "10:21 services.api.environment.DATABASE_URL: found a value of your own for DATABASE_URL, which is Postern's to set | Take it away, or write ${managed.<service>.url}.",
      ],
    ],
    [
      "has a schedule that is none",
      `${db}        backup: {schedule: "61 * * * *"}\n`,
      [
        expect.stringMatching(
          /^8:28 services\.db\.x-postern\.managed\.backup\.schedule: "61 \* \* \* \*" is not a schedule/,
        ),
      ],
    ],
    [
      "has a retention that is none",
      `${db}        backup: {retention: a while}\n`,
      [
        '8:29 services.db.x-postern.managed.backup.retention: found "a while", expected a length of time such as 30d',
      ],
    ],
    [
      "keeps backups for a minute",
      `${db}        backup: {retention: 1m}\n`,
      [
        '8:29 services.db.x-postern.managed.backup.retention: found "1m", expected at least 1h and at most 100 years',
      ],
    ],
    [
      "overrides a service that is not there",
      `${db}environments:\n  production:\n    overrides:\n      services:\n        dv: {}\n`,
      [
        '12:13 environments.production.overrides.services.dv: there is no service "dv", expected db | Did you mean "db"?',
      ],
    ],
    [
      "has an unknown key of an environment",
      `${db}environments:\n  production:\n    override: {}\n`,
      [
        '10:5 environments.production.override: unknown key "override", expected protected, pipeline or overrides | Did you mean "overrides"?',
      ],
    ],
    [
      "has a step whose job is no job",
      `${db}pipelines:\n  deploy:\n    steps:\n      - {name: m, action: {type: job, service: db}}\n`,
      [
        "11:48 pipelines.deploy.steps[0].action.service: found db, of role managed_db, expected a service of role job",
      ],
    ],
    [
      "has steps that wait for each other and for one that is not there",
      `${db}pipelines:\n  p:\n    steps:\n      - {name: a, depends_on: [b], action: {type: build}}\n      - {name: b, depends_on: [a, c], action: {type: bild}}\n`,
      [
        "11:7 pipelines.p.steps: steps wait for each other: a → b → a",
        '12:31 pipelines.p.steps[1].depends_on: there is no step "c", expected a, b',
        '12:54 pipelines.p.steps[1].action.type: found "bild", expected build, release, migrate, job, deploy or run | Did you mean "build"?',
      ],
    ],
    [
      "names a class without its beginning",
      db.replace("db.p1", "p1"),
      [
        '6:16 services.db.x-postern.managed.class: found "p1", expected db.p1, db.p2 or db.p3 | Did you mean "db.p1"?',
      ],
    ],
    [
      "has ports that are none",
      `${db}  api:\n    ports: [99999, http, "0:3000", "127.0.0.1:8080:3000", "[::1]::3000/tcp", 3000-3005, "\${PORT}"]\n`,
      [
        '9:13 services.api.ports[0]: found 99999, expected a port from 1 to 65535, such as 3000 or "8080:3000"',
        '9:20 services.api.ports[1]: found "http", expected a port from 1 to 65535, such as 3000 or "8080:3000"',
        '9:26 services.api.ports[2]: found "0:3000", expected a port from 1 to 65535, such as 3000 or "8080:3000"',
      ],
    ],
    [
      "publishes a port for two services",
      `${db}    ports: ["8080:5432"]\n  api:\n    ports: ["8080:3000"]\n  web:\n    ports: [3000, "8080:3001"]\n`,
      [
        "12:19 services.web.ports[1]: port 8080 is service api's already | Publish another one, or write the inner port only: then Postern finds a free one.",
      ],
    ],
    [
      "has times that are none",
      `${db}  api:\n    healthcheck: {interval: 5 secs, timeout: 1m30s, start_period: "\${T}"}\n    stop_grace_period: soon\n`,
      [
        '9:29 services.api.healthcheck.interval: found "5 secs", expected a length of time such as 10s or 1m30s',
        '10:24 services.api.stop_grace_period: found "soon", expected a length of time such as 10s or 1m30s',
      ],
    ],
    [
      "asks for health at what is no path",
      `${db}  api:\n    x-postern: {health: healthz}\n`,
      ['9:25 services.api.x-postern.health: found "healthz", expected a path such as /health'],
    ],
    [
      "has a placeholder without its end",
      `${db}  api:\n    command: 'x \${managed.db.url'\n`,
      [
        "9:14 services.api.command: found a ${managed… without its end, expected ${managed.<service>.<field>}",
      ],
    ],
    [
      "has a schedule in words",
      `${db}        backup: {schedule: daily}\n`,
      [
        expect.stringMatching(
          /^8:28 .*schedule: "daily" is not a schedule: It does not have five fields \| Write minute/,
        ),
      ],
    ],
    ["is two documents", `${db}---\n${db}`, ["8:1 : a second document begins here, expected one"]],
    [
      "is indented by tabs",
      "services:\n\tdb: {}\n",
      ["2:1 : the YAML is not valid: Tabs are not allowed as indentation"],
    ],
    [
      "says the same under both names",
      `${db}    x-eve:\n      role: job\n`,
      ["9:13 services.db.x-eve.role: role is said twice: under x-postern and under x-eve"],
    ],
  ])("that %s is told with its place", (_what, text, expected) => {
    expect(issuesOf(text)).toEqual(expected);
  });

  it("has all of its mistakes told at once, in their order", () => {
    const text = `${db.replace("db.p1", "big")}  api:\n    prts: []\n    environment:\n      A: \${managed.no.url}\n`;
    expect(issuesOf(text)).toHaveLength(3);
  });

  it("cannot make the check go on for ever", () => {
    expect(readManifest("a: &a [*a]\nservices: &s {x: *s}\n").issues.length).toBeGreaterThan(0);
    const laughs = Array.from({ length: 12 }, (_, at) =>
      at === 0
        ? "x-0: &a0 [a]"
        : `x-${at}: &a${at} [${Array(9)
            .fill(`*a${at - 1}`)
            .join(",")}]`,
    );
    const text = `${laughs.join("\n")}\nservices:\n  a:\n    ports: *a11\n`;
    expect(readManifest(text).issues.length).toBeGreaterThan(0);
    expect(readManifest("a".repeat(1_000_001)).issues).toHaveLength(1);
  });
});

const whole = `name: shop
services:
  db:
    x-eve:
      role: managed_db
      managed:
        class: db.p2
        engine: postgres
        engine_version: 17
        backup:
          schedule: "0 2 * * *"
          retention: 30d
  migrate:
    image: migrate:1
    environment:
      DATABASE_URL: \${managed.db.url}
      MIGRATIONS_DIR: /migrations
    x-postern:
      role: job
      files:
        - source: db/migrations
          target: /migrations
  api:
    build: {context: ./apps/api}
    command: node server.js
    networks: [inner]
    ports: [3000]
    environment: ["DATABASE_URL=\${managed.db.url}", LEVEL=info]
    depends_on:
      db: {condition: service_healthy}
environments:
  staging:
    overrides:
      services:
        db: {x-eve: {managed: {class: db.p1}}}
        api: {environment: {LEVEL: debug}, ports: null}
  production:
    protected: true
pipelines:
  deploy:
    steps:
      - {name: build, action: {type: build}}
      - {name: migrate, depends_on: [build], action: {type: job, service: migrate}}
volumes: {data: {}}
migrate: ["npx knex migrate:latest"]
rollback: npx knex migrate:down
`;

describe("a manifest", () => {
  it("is read with x-eve and x-postern alike, and says which keys mean nothing", () => {
    const reading = readManifest(whole);
    expect(reading.issues).toEqual([]);
    expect(reading).toMatchObject({
      project: "shop",
      environments: ["staging", "production"],
      ignored: ["services.api.networks", "volumes"],
    });
    expect(reading.forEnvironment("production")).toMatchObject({
      services: {
        db: { role: "managed_db", managed: { class: "db.p2", engine_version: "17" } },
        migrate: { role: "job", files: [{ source: "db/migrations", target: "/migrations" }] },
        api: {
          role: "service",
          build: { context: "./apps/api" },
          command: "node server.js",
          ports: ["3000"],
          environment: { DATABASE_URL: "${managed.db.url}", LEVEL: "info" },
          depends_on: { db: { condition: "service_healthy" } },
        },
      },
      environments: { production: { protected: true } },
      migrate: ["npx knex migrate:latest"],
      rollback: ["npx knex migrate:down"],
    });
  });

  it("is another one for an environment that overrides it", () => {
    const { services } = readManifest(whole).forEnvironment("staging");
    expect(services.db!.managed).toEqual({
      class: "db.p1",
      engine: "postgres",
      engine_version: "17",
      backup: { schedule: "0 2 * * *", retention: "30d" },
    });
    expect(services.api).toMatchObject({ ports: [], environment: { LEVEL: "debug" } });
  });

  it("may have Postern's own keys under x-postern, so that Compose takes it", () => {
    const text = `${db}x-postern:\n  project: shop\n  environments: {staging: {}}\n  preStart: npm run seed\n`;
    const reading = readManifest(text);
    expect(reading.issues).toEqual([]);
    expect(reading).toMatchObject({ project: "shop", environments: ["staging"] });
    expect(reading.forEnvironment("staging").preStart).toEqual(["npm run seed"]);
    expect(issuesOf(`${text}project: other\n`)[0]).toContain("project is said twice");
  });

  it("may use anchors and merge keys", () => {
    const text = `x-common: &common\n  restart: always\nservices:\n  api:\n    <<: *common\n    command: a\n`;
    expect(issuesOf(text)).toEqual([]);
    expect(readManifest(text).forEnvironment("x").services.api).toMatchObject({ restart: "always" });
  });
});

describe("placeholders", () => {
  const values = {
    managed: ({ service, field }: { service: string; field: string }) => `<${service}.${field}>`,
    variable: (name: string) => ({ SET: "yes", EMPTY: "" })[name],
  };
  it.each([
    ["${managed.db.url}", "<db.url>"],
    ["a ${managed.db.host}:${managed.db.port}", "a <db.host>:<db.port>"],
    ["$${managed.db.url}", "${managed.db.url}"],
    ["${SET} ${UNSET} ${EMPTY}", "yes  "],
    ["${SET:-a} ${UNSET:-b} ${EMPTY:-c} ${EMPTY-d}", "yes b c "],
    ["${SET:+on}${UNSET:+off}", "on"],
  ])("%s", (text, expected) => {
    expect(interpolate(text, values)).toBe(expected);
  });

  it("leave variables to the shell where nobody knows them", () => {
    expect(interpolate("-url=${DATABASE_URL} $$x ${managed.db.id}", { managed: values.managed })).toBe(
      "-url=${DATABASE_URL} $$x <db.id>",
    );
  });
});
