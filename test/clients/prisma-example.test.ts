/** The example for Prisma, copied elsewhere and set up by the commands of its README. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { copyExample, type ExampleProject, followReadme } from "../support/example-project.ts";
import { expectLinks } from "../support/expect-links.ts";

let example: ExampleProject;
let config: string;

beforeAll(async () => {
  config = await mkdtemp(join(tmpdir(), "pxc-"));
  example = await copyExample({
    name: "links-prisma",
    modules: fileURLToPath(new URL("node_modules", import.meta.url)),
    environment: {
      POSTERN_API_URL: inject("apiUrl"),
      POSTERN_API_KEY: inject("apiKey"),
      POSTERN_CONFIG_DIR: config,
      PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true",
      CHECKPOINT_DISABLE: "1",
    },
  });
});
afterAll(async () => {
  await example?.close();
  await rm(config, { recursive: true, force: true });
});

it("starts by its README, shortens links, and ends when it is told to", async () => {
  await expectLinks(await followReadme(example));
  expect(await example.stop()).toEqual([0]);
});
