/** Commands as a user runs them, against the real HTTP server on services in memory. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpFixture } from "../../support/http-fixture.ts";
import { adminKey, databaseId, token } from "../../support/in-memory-services.ts";

const postern = fileURLToPath(new URL("../../../dist/bin/postern.js", import.meta.url));
const fixture = httpFixture();
let root = "";
let url = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-cli-"));
  url = `http://127.0.0.1:${await fixture.server.listen()}`;
});
afterAll(async () => {
  await fixture.server.close();
  await rm(root, { recursive: true, force: true });
});

function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [postern, ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH,
        HOME: root,
        POSTERN_HOME: join(root, "home"),
        POSTERN_API_URL: url,
        POSTERN_API_KEY: adminKey,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

describe("db create", () => {
  it("links the folder, in files that others cannot read and version control does not see", async () => {
    const created = await run("db", "create", "notes", "--json");
    expect(created).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(created.stdout)).toMatchObject({ id: databaseId, token });
    const file = join(root, ".postern/config.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
      database_id: databaseId,
      token,
      api_url: url,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(root, ".postern"))).mode & 0o777).toBe(0o700);
    expect(await readFile(join(root, ".postern/.gitignore"), "utf8")).toBe("*\n");
  });
});

describe("in a linked folder", () => {
  it("db info needs no name", async () => {
    expect(JSON.parse((await run("db", "info", "--json")).stdout)).toMatchObject({ id: databaseId });
  });

  it("vars hides secrets until they are asked for", async () => {
    expect((await run("vars", "--json")).stdout).not.toContain(token);
    expect(JSON.parse((await run("vars", "--reveal", "--json")).stdout)).toMatchObject({
      DATABASE_ID: databaseId,
      DATABASE_TOKEN: token,
    });
  });

  it("run gives a program the variables, and ends as the program ends", async () => {
    const end = await run(
      "run",
      "--",
      process.execPath,
      "-e",
      "console.log(process.env.DATABASE_ID); process.exit(42)",
    );
    expect(end).toEqual({ code: 42, stdout: `${databaseId}\n`, stderr: "" });
  });
});

describe("a command that would ask", () => {
  it("fails off a terminal and names the flag", async () => {
    const end = await run("db", "destroy", "--json");
    expect(end).toMatchObject({ code: 2, stdout: "" });
    expect(JSON.parse(end.stderr).error).toMatchObject({
      code: "Y1014",
      hint: expect.stringContaining("--yes"),
    });
  });
});

it("says which command was meant where a database may be named", async () => {
  const end = await run("db", "inspect", "vacum", "--url", "postgres://localhost/a", "--json");
  expect([end.code, JSON.parse(end.stderr).error.hint]).toEqual([
    2,
    "Did you mean `postern db inspect vacuum`?",
  ]);
});
