import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findBuildCommands } from "../../../src/releases/build-release.ts";
import { missingProgram } from "../../../src/releases/run-command.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pb-"));
});
afterEach(() => rm(directory, { recursive: true }));

const write = (name: string, text = "") => writeFile(join(directory, name), text);

describe("findBuildCommands", () => {
  it.each([
    ["package-lock.json", ["npm ci", "npm run build"]],
    ["pnpm-lock.yaml", ["pnpm install --frozen-lockfile", "pnpm run build"]],
    ["yarn.lock", ["yarn install --frozen-lockfile", "yarn run build"]],
  ])("installs and builds by what wrote %s", async (lock, commands) => {
    await write("package.json", JSON.stringify({ scripts: { build: "tsc" } }));
    await write(lock);
    expect(await findBuildCommands(directory)).toEqual(commands);
  });

  it("installs without a lock file only what there is to install", async () => {
    await write("package.json", "{}");
    expect(await findBuildCommands(directory)).toEqual([]);
    await write("package.json", JSON.stringify({ dependencies: { pg: "8" } }));
    expect(await findBuildCommands(directory)).toEqual(["npm install"]);
  });

  it("has nothing to do for a folder without package.json", async () => {
    await write("yarn.lock");
    expect(await findBuildCommands(directory)).toEqual([]);
  });
});

describe("missingProgram", () => {
  it.each([
    ["/bin/sh: 1: pnpm: not found", "pnpm"],
    ["bash: line 1: yarn: command not found", "yarn"],
    ["before\n/bin/sh: 2: ./go: not found", "./go"],
    ["the page was not found here", undefined],
  ])("of %j is %s", (text, program) => {
    expect(missingProgram(text)).toBe(program);
  });
});
