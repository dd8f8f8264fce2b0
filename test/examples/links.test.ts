/** The examples, each copied elsewhere and set up by the commands of its README. */
import { randomUUID } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { copyExample, type ExampleProject, followReadme } from "../support/example-project.ts";
import { expectLinks } from "../support/expect-links.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { testToolchain } from "../support/toolchain.ts";

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
  });
});
afterAll(() => postern?.close());

// links-prisma is tried by test/clients, where Prisma is installed.
describe.each(["links-pg", "links-knex", "links-kysely", "links-drizzle"])("%s", (name) => {
  let example: ExampleProject;
  beforeAll(async () => {
    example = await copyExample({ name, environment: postern.environment });
  });
  afterAll(() => example?.close());

  it("starts by its README, shortens links, and ends when it is told to", async () => {
    const origin = await followReadme(example);
    await expectLinks(origin);
    await expectRequests(example, origin);
    expect(await example.stop()).toEqual([0]);
  });
});

describe("http-handlers", () => {
  let example: ExampleProject;
  beforeAll(async () => {
    example = await copyExample({ name: "http-handlers", environment: postern.environment });
  });
  afterAll(() => example?.close());

  const empty = () => example.run('postern db exec "truncate links, visits restart identity"');

  it("the function starts by its README on Node's own server", async () => {
    const origin = await followReadme(example);
    await expectLinks(origin);
    await expectRequests(example, origin);
    expect(await example.stop()).toEqual([0]);
  });

  it.each(["express", "fastify", "hono"])("%s does the same", async (framework) => {
    await empty();
    const command = example.blocks[2]!.find((line) => line.includes(framework))!;
    await expectLinks(await example.serve(command));
    expect(await example.stop()).toEqual([0]);
  });
});

describe("request-middleware", () => {
  let example: ExampleProject;
  beforeAll(async () => {
    example = await copyExample({ name: "request-middleware", environment: postern.environment });
  });
  afterAll(() => example?.close());

  const changesOf = async (request: string) =>
    JSON.parse((await example.run(`postern state request ${request} --json`)).stdout).mutations as {
      table: string;
      rolled_back: boolean;
    }[];

  async function expectTransfers(origin: string): Promise<void> {
    const name = randomUUID();
    const pay = async (amount: unknown, what: string) => {
      const answer = await fetch(`${origin}/transfers`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-request-id": `${what}-${name}` },
        body: JSON.stringify({ payer: "ann", payee: "bob", amount }),
      });
      return { status: answer.status, body: await answer.json() };
    };
    const balances = async () => (await fetch(`${origin}/accounts`)).json();
    const before = (await balances()) as { id: string; balance: number }[];
    expect(await pay(10, "rent")).toMatchObject({ status: 201, body: { payer: "ann", amount: 10 } });
    expect(await pay(500, "yacht")).toEqual({
      status: 409,
      body: { error: "There is not enough money." },
    });
    expect(await pay("much", "none")).toMatchObject({ status: 400 });
    const { ann, bob } = Object.fromEntries(before.map(({ id, balance }) => [id, balance]));
    expect(await balances()).toEqual([
      { id: "ann", balance: ann! - 10 },
      { id: "bob", balance: bob! + 10 },
    ]);
    const kept = { rolled_back: false };
    expect(await changesOf(`rent-${name}`)).toMatchObject([
      { table: "transfers", ...kept },
      { table: "accounts", ...kept },
      { table: "accounts", ...kept },
    ]);
    const tried = await changesOf(`yacht-${name}`);
    expect(tried.map(({ table }) => table)).toEqual(["transfers", "accounts"]);
    expect(tried.every(({ rolled_back }) => rolled_back)).toBe(true);
  }

  it("undoes what a failed request did, by its README on Node's own server", async () => {
    const origin = await followReadme(example);
    const said = [];
    for (const command of example.blocks[1]!)
      said.push((await example.run(command.replace("localhost:3000", origin))).stdout);
    expect(said[4]).toContain("(rolled back)");
    expect(said[5]).toContain("0 → 30");
    await expectTransfers(origin);
    expect(await example.stop()).toEqual([0]);
  });

  it.each(["express", "fastify", "hono"])("%s does the same", async (framework) => {
    const command = example.blocks[2]!.find((line) => line.includes(framework))!;
    await expectTransfers(await example.serve(command));
    expect(await example.stop()).toEqual([0]);
  });
});

describe("links-pg beside the daemon's own way", () => {
  let example: ExampleProject;
  beforeAll(async () => {
    const { postgresBin } = await testToolchain();
    const environment = { ...postern.environment, PATH: `${postgresBin}:${process.env.PATH}` };
    example = await copyExample({ name: "links-pg", environment });
  });
  afterAll(() => example?.close());

  it("has an environment of its own by postern.yaml", async () => {
    const commands = example.blocks[2]!;
    for (const command of commands.slice(0, -1)) await example.run(command);
    await expectLinks(await example.serve(commands.at(-1)!));
    expect(await example.stop()).toEqual([0]);
  });

  it("has a compose file that Postern can read, with a job that it can run", async () => {
    const { services } = JSON.parse((await example.run("postern manifest check compose.yaml --json")).stdout);
    expect(services.map(({ name }: { name: string }) => name)).toEqual(["db", "migrate", "web"]);
    const { services: written } = parse(await readFile(join(example.path, "compose.yaml"), "utf8"));
    await example.run("postern db create job --link");
    const { stderr } = await example.run(
      `MIGRATIONS_DIR=migrations postern run -- ${written.migrate.command}`,
    );
    expect(stderr).toContain("2 migrations applied");
  });

  it("is migrated by another engine, whose ledger Postern takes over", async () => {
    const [create, migrate, status] = example.blocks[3]!;
    await example.run(create!);
    expect((await example.run(migrate!)).stdout).toBe(
      "applied 001_create_links.sql\napplied 002_create_visits.sql\n",
    );
    expect((await example.run(migrate!)).stdout).toBe("");
    expect((await example.run(`${status} --json`)).stdout).not.toContain("pending");
    expect((await example.run("postern db migrate")).stderr).toContain("already applied");
    await appendFile(join(example.path, "migrations/001_create_links.sql"), "-- changed\n");
    await expect(example.run(migrate!)).rejects.toThrow(
      "001_create_links.sql was changed after it was applied",
    );
  });
});

async function expectRequests(example: ExampleProject, origin: string): Promise<void> {
  for (const command of example.blocks[1]!)
    expect((await example.run(command.replace("localhost:3000", origin))).stdout).toContain("docs");
}
