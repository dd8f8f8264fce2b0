/** The examples, each copied elsewhere and set up by the commands of its README. */
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
