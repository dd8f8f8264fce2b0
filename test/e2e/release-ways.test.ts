/** The ways in which a release gets its schema and its programs, each as a project's own files ask for it. */
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BackupInfo, DeployResult, ReleaseInfo } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
    POSTERN_ENV: "staging",
  });
}, 180_000);
afterAll(() => postern.close());

const db = "  db:\n    x-postern: { role: managed_db, managed: { class: db.p1, engine: postgres } }\n";
const server = `
const { createServer } = require("node:http");
createServer((_, response) => response.end(process.env.POSTERN_RELEASE)).listen(process.env.PORT, "127.0.0.1");
`;
const api = "  api:\n    command: node server.cjs\n    ports: [3000]\n";

/** A project of these files and no others. */
async function write(files: Record<string, string>): Promise<void> {
  await rm(postern.project, { recursive: true, force: true });
  for (const [name, text] of Object.entries({ "server.cjs": server, ...files })) {
    await mkdir(dirname(join(postern.project, name)), { recursive: true });
    await writeFile(join(postern.project, name), text);
  }
}
const deploy = (...args: string[]) => postern.json<DeployResult>(["deploy", ...args]);
const failing = async (...args: string[]) => {
  const end = await postern.run(["deploy", ...args]);
  expect(end.code).not.toBe(0);
  return end.stderr;
};
const rows = async (sql: string) =>
  JSON.parse((await postern.run(["db", "exec", sql, "--env", "staging", "--json"])).stdout).rows;
const stepsOf = async (release: number) =>
  (await postern.run(["logs", "--release", String(release), "-n", "500"])).stdout;
const newest = async () => (await postern.json<ReleaseInfo[]>(["release", "list"]))[0]!;

describe("SQL migrations", () => {
  const migration = "create table users (id int primary key, name text not null);\n";

  it("are applied by a job whose image is a migration engine, with its files where they are mounted", async () => {
    await write({
      "postern.yaml": `name: jobs
services:
${db}${api}    depends_on: { db: { condition: service_healthy } }
  migrate:
    image: public.ecr.aws/w7c4v0w3/eve-horizon/migrate:latest
    environment:
      DATABASE_URL: \${managed.db.url}
      MIGRATIONS_DIR: /migrations
    x-eve:
      role: job
      files:
        - source: db/migrations
          target: /migrations
pipelines:
  deploy:
    steps:
      - name: build
        action: { type: build }
      - name: release
        depends_on: [build]
        action: { type: release }
      - name: migrate
        depends_on: [release]
        action: { type: job, service: migrate }
      - name: deploy
        depends_on: [migrate]
        action: { type: deploy }
`,
      "db/migrations/20260101000000_users.sql": migration,
    });
    const result = await deploy();
    expect(await rows("select count(*)::int as n from users")).toEqual([{ n: 0 }]);
    expect(await stepsOf(result.release)).toContain("1 migration applied");
  });

  it("that fail end the deploy, and what served before serves on", async () => {
    const manifest = await readFile(join(postern.project, "postern.yaml"), "utf8");
    await write({
      "postern.yaml": manifest,
      "db/migrations/20260101000000_users.sql": migration,
      "db/migrations/20260102000000_wrong.sql": "alter table userz add column age int;\n",
    });
    const told = await failing();
    expect(told).toContain("Job migrate failed");
    expect(told).toContain('relation "userz" does not exist');
    expect((await newest()).status).toBe("failed");
    expect(await postern.json(["service", "list"])).toMatchObject([{ release: 1, state: "running" }]);
  });

  it("by an engine of one's own are a command with the same variables", async () => {
    await write({
      "postern.yaml": `name: engines
services:
${db}  migrate:
    image: flyway/flyway:10
    command: >-
      node engine.cjs -url=\${DATABASE_URL} -locations=filesystem:/migrations migrate
    environment:
      DATABASE_URL: \${managed.db.direct_url}
    x-postern:
      role: job
      files: [{ source: db/migrations, target: /migrations }]
`,
      "engine.cjs": `
const [url, locations] = process.argv.slice(2);
console.log(url.startsWith("-url=postgres://"), require("node:fs").readdirSync(locations.split(":")[1]).join());`,
      "db/migrations/V1__users.sql": migration,
    });
    const { release } = await deploy();
    expect(await stepsOf(release)).toMatch(/^true V1__users\.sql$/m);
  });
});

describe("commands of the manifest", () => {
  it("`migrate` is done in its order before anything starts, and ends the deploy where one fails", async () => {
    await write({
      "postern.yaml": `name: commands
migrate: ["echo first >> $HOME/seen", "echo second >> $HOME/seen; exit \${FAIL:-0}"]
services:
${db}${api}`,
    });
    const { release } = await deploy();
    const seen = join(postern.home, "services", (await newest()).project_id, "staging/data/seen");
    expect(await readFile(seen, "utf8")).toBe("first\nsecond\n");
    await write({
      "postern.yaml": `name: commands
migrate: ["echo third >> $HOME/seen; exit 9", "echo fourth >> $HOME/seen"]
services:
${db}${api}`,
    });
    const told = await failing();
    expect(told).toContain("A command of `migrate` failed: it ended with code 9.");
    expect(await readFile(seen, "utf8")).toBe("first\nsecond\nthird\n");
    expect(await postern.json(["service", "list"])).toMatchObject([{ release, state: "running" }]);
  });

  it("`preStart` owns the schema: it runs after the build, before the start, at every deploy", async () => {
    const text = `name: starts
preStart: node set-up.cjs
services:
${db}${api}    x-postern: { build: ["echo built > built"], preStart: ["cat built; echo of the service"] }
`;
    const files = {
      "postern.yaml": text,
      "set-up.cjs": "console.log('set up', process.env.DIRECT_URL.startsWith('postgres://'))",
      "migrations/001_never.sql": "select 1 / 0;",
    };
    await write(files);
    const first = await deploy();
    const steps = await stepsOf(first.release);
    expect(steps.indexOf("built")).toBeGreaterThan(-1);
    expect(steps).toMatch(/echo built[\s\S]*set up true[\s\S]*built\nof the service/);
    expect(steps).not.toContain("db push");
    const second = await deploy();
    expect(await stepsOf(second.release)).toContain("set up true");
  });
});

/** Prisma's own engine is downloaded when it first runs: what Postern asks of it is what matters here. */
const prisma = `#!/usr/bin/env node
const args = process.argv.slice(2);
console.log("prisma", args.join(" "));
if (args[0] === "migrate") console.log("over the direct URL:", process.env.DIRECT_URL.startsWith("postgres://"));
if (args[0] !== "db") process.exit(0);
const isDirect = process.env.DATABASE_URL === process.env.DIRECT_URL;
console.log("over the direct URL:", isDirect);
const loses = require("node:fs").readFileSync("prisma/schema.prisma", "utf8").includes("loses");
if (loses && !args.includes("--accept-data-loss")) {
  console.error("Error: Use the --accept-data-loss flag to ignore the data loss warnings");
  process.exit(1);
}
`;

describe("the example with Prisma's own migrations", () => {
  it("deploys them over the direct URL before its service starts, and pushes nothing", async () => {
    const example = fileURLToPath(new URL("../../examples/links-prisma/", import.meta.url));
    const of = (name: string) => readFile(join(example, name), "utf8");
    const tools = "mkdir -p node_modules/.bin dist && install -m 755 tools/prisma node_modules/.bin/prisma";
    await write({
      "postern.yaml": await of("postern.yaml"),
      "prisma/schema.prisma": await of("prisma/schema.prisma"),
      "tools/prisma": prisma,
      "package.json": JSON.stringify({
        name: "links-prisma",
        scripts: { postinstall: tools, build: "prisma generate && cp server.cjs dist/server.js" },
      }),
      "package-lock.json": JSON.stringify({ name: "links-prisma", lockfileVersion: 3, packages: { "": {} } }),
    });
    const { release } = await deploy();
    const steps = await stepsOf(release);
    expect(steps).toMatch(/prisma generate[\s\S]*prisma migrate deploy\n[\s\S]*over the direct URL: true/);
    expect(steps).not.toContain("db push");
    expect(await postern.json(["service", "list"])).toMatchObject([{ release, state: "running" }]);
  });
});

describe("Prisma's models, and no preStart", () => {
  const manifest = `name: models
services:
${db}${api}`;
  const project = (schema: string) => ({
    "postern.yaml": manifest,
    "prisma/schema.prisma": schema,
    "package.json": JSON.stringify({
      name: "models",
      scripts: {
        postinstall: "mkdir -p node_modules/.bin && install -m 755 tools/prisma node_modules/.bin/prisma",
      },
    }),
    "package-lock.json": JSON.stringify({ name: "models", lockfileVersion: 3, packages: { "": {} } }),
    "tools/prisma": prisma,
  });
  const model = "model User {\n  id Int @id\n}\n";

  it("are pushed over the direct URL, behind a snapshot", async () => {
    await write(project(model));
    const result = await deploy();
    const steps = await stepsOf(result.release);
    expect(steps).toMatch(/prisma generate[\s\S]*prisma db push\n[\s\S]*over the direct URL: true/);
    expect(result.backup_id).toMatch(/^bkp-/);
    const backups = await postern.json<BackupInfo[]>(["db", "backup", "list", "--env", "staging"]);
    expect(backups.find(({ id }) => id === result.backup_id)).toMatchObject({ kind: "safety" });
  });

  it("are not pushed where that would lose data, unless the deploy accepts it", async () => {
    await write(project(`${model}// loses\n`));
    const told = await failing();
    expect(told).toContain("prisma db push would lose data, and was not done.");
    expect(told).toContain("--accept-data-loss");
    const accepted = await deploy("--accept-data-loss");
    expect(await stepsOf(accepted.release)).toContain("prisma db push --accept-data-loss");
  });
});

describe("what a release is made of", () => {
  it("leaves out what is ignored, and secrets", async () => {
    await write({
      "postern.yaml": `name: files
services:
  api:
    command: node server.cjs
    ports: [3000]
    x-postern: { build: ["find . -type f | sort"] }
`,
      ".gitignore": "ignored/\n*.log\n",
      "ignored/big": "x",
      "a.log": "x",
      ".env": "SECRET=1",
      ".env.example": "SECRET=",
      "lib/kept.txt": "x",
    });
    const { release } = await deploy();
    const listed = (await stepsOf(release)).split("\n").filter((line) => line.startsWith("./"));
    expect(listed).toEqual([
      "./.env.example",
      "./.gitignore",
      "./lib/kept.txt",
      "./postern.yaml",
      "./server.cjs",
    ]);
  });

  it("tells which program is missing on the machine", async () => {
    await write({
      "postern.yaml": `name: tools\nservices:\n${api}    x-postern: { build: ["no-such-tool install"] }\n`,
    });
    const told = await failing();
    expect(told).toContain("The build failed: no-such-tool is not installed");
    expect(told).toContain("Hint: Install no-such-tool there");
  });
});

describe("services that wait for others", () => {
  it("are started once those are healthy", async () => {
    await write({
      "postern.yaml": `name: order
services:
  web:
    command: "test -e $HOME/well && exec node server.cjs"
    ports: [3000]
    depends_on: { api: { condition: service_healthy } }
  api:
    command: "rm -f $HOME/well; exec node server.cjs"
    ports: [3000]
    healthcheck: { test: "touch $HOME/well", interval: 1s, retries: 3 }
`,
    });
    const { services } = await deploy();
    expect(services.map(({ service }) => service).sort()).toEqual(["api", "web"]);
    for (const { url } of services) expect((await fetch(url!)).status).toBe(200);
  });
});
