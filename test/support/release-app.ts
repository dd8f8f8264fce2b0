/** In charge of a small real application that is deployed in tests: node:http and pg, with a migration and a manifest. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));

const server = (version: string) => `
const { createServer } = require("node:http");
const { Client } = require("pg");
const version = ${JSON.stringify(version)};
console.log("begins", version, process.getuid());
if (version === "broken") { console.error("no such thing as this"); process.exit(3); }
createServer(async (request, response) => {
  if (request.url === "/crash") process.exit(1);
  if (request.url === "/env") return response.end(JSON.stringify({ uid: process.getuid(), ...process.env }));
  if (request.url === "/slow") return setTimeout(() => response.end(version), 700);
  if (request.url === "/health" && version === "sick") { response.statusCode = 503; return response.end("sick"); }
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  try {
    await client.connect();
    if (request.url === "/health") { await client.query("select 1"); return response.end("well"); }
    const { rows } = await client.query("insert into visits (version) values ($1) returning id", [version]);
    response.end(version + " " + rows[0].id);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  } finally {
    await client.end().catch(() => {});
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
`;

export interface ReleaseApp {
  version: string;
  /** Lines below `services.api`, at their indent. */
  api?: string;
  /** Lines at the top of the manifest. */
  top?: string;
  /** Shell commands of the build. */
  build?: string[];
}

export async function writeApp(
  directory: string,
  { version, api = "", top = "", build = [] }: ReleaseApp,
): Promise<void> {
  await mkdir(join(directory, "migrations"), { recursive: true });
  await writeFile(join(directory, "server.cjs"), server(version));
  await writeFile(
    join(directory, "migrations/001_visits.sql"),
    "create table visits (id int generated always as identity primary key, version text not null);\n",
  );
  const commands = JSON.stringify(["ls migrations", ...build]);
  await writeFile(
    join(directory, "postern.yaml"),
    `name: shop
${top}
services:
  db:
    x-postern: { role: managed_db, managed: { class: db.p1, engine: postgres } }
  api:
    command: node server.cjs
    ports: [3000]
    environment: { NODE_PATH: "${modules}", GREETING: "\${GREETING:-hello}", DIRECT: "\${managed.db.direct_url}" }
    depends_on: { db: { condition: service_healthy } }
    healthcheck: { interval: 1s, retries: 3 }
    x-postern: { health: /health, build: ${commands} }
${api}
`,
  );
}
