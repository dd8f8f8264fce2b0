/** The examples, each copied elsewhere and set up by the commands of its README. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyExample, type ExampleProject, followReadme } from "../support/example-project.ts";
import { expectLinks } from "../support/expect-links.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";

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
    for (const command of example.blocks[1]!)
      expect((await example.run(command.replace("localhost:3000", origin))).stdout).toContain("docs");
    expect(await example.stop()).toEqual([0]);
  });
});
