/**
 * A whole day of somebody who is not root and uses nothing but the command line: a project begun, deployed, migrated, looked
 * at, changed, taken back; by the commands that docs/migrations.md and docs/releases.md show, in their order.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  access,
  appendFile,
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import { fencedBlocks, posternCommands, readWords } from "../support/read-examples.ts";
import { testToolchain } from "../support/toolchain.ts";

const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));
/** Debian's `nobody` where this is root, else whoever this is. */
const user = process.getuid!() === 0 ? { uid: 65_534, gid: 65_534 } : {};

let root: string;
let project: string;
let environment: Record<string, string>;

interface End {
  code: number | null;
  stdout: string;
  stderr: string;
}

function postern(words: readonly string[]): Promise<End> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: project,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      ...user,
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    child.once("error", reject).once("close", (code) => resolve({ code, ...said }));
  });
}

/** What it printed; throws with what it said where it fails. */
async function run(line: string): Promise<string> {
  const end = await postern(line.split(" "));
  if (end.code !== 0) throw new Error(`postern ${line} ended with ${end.code}: ${end.stderr}`);
  return end.stdout;
}

const json = async <Result>(line: string): Promise<Result> =>
  JSON.parse(await run(`${line} --json`)) as Result;

async function write(name: string, text: string): Promise<void> {
  const file = join(project, name);
  await writeFile(file, text);
  if (user.uid !== undefined) await chown(file, user.uid, user.gid);
}

/** The file that was made for it. */
async function migration(name: string): Promise<string> {
  const files = await readdir(join(project, "db/migrations"));
  return `db/migrations/${files.find((file) => file.endsWith(`_${name}.sql`))}`;
}

const server = (version: string) => `
const { createServer } = require("node:http");
console.log("begins", ${JSON.stringify(version)}, process.getuid());
createServer((_request, response) => response.end(${JSON.stringify(version)})).listen(process.env.PORT, "127.0.0.1");
`;

/** Others' checkouts may lie where only they can look. */
const isReadable = await new Promise<boolean>((resolve) => {
  spawn(process.execPath, [program, "--version"], { cwd: "/", stdio: "ignore", ...user })
    .once("error", () => resolve(false))
    .once("close", (code) => resolve(code === 0));
});

beforeAll(async () => {
  await testToolchain();
  root = await mkdtemp(join(tmpdir(), "pn-"));
  project = join(root, "shop");
  for (const folder of [root, project, join(root, "home")]) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
  }
  environment = {
    PATH: process.env.PATH!,
    HOME: join(root, "home"),
    POSTERN_TOOLCHAIN_DIR: readConfig().toolchainDirectory,
    POSTERN_HTTP_PORT: "0",
    POSTERN_POOL_PORT: "0",
    POSTERN_DIRECT_PORT: "0",
    POSTERN_WORKERS: "1",
    POSTERN_EPHEMERAL: "1",
    POSTERN_PITR: "off",
    POSTERN_ENV: "staging",
    NO_COLOR: "1",
  };
});
afterAll(async () => {
  await postern(["down"]);
  await rm(root, { recursive: true, force: true, maxRetries: 3 });
});

describe.skipIf(!isReadable)("a day of a normal user (needs a checkout that others can read)", () => {
  it("begins with a Postern, a project and a first migration of their own", async () => {
    await run("up");
    expect(await json("status")).toMatchObject({
      status: "ready",
      home: join(root, "home/.local/share/postern"),
    });
    await run("init shop");
    await run("db new create_users");
    await write(
      await migration("create_users"),
      "create table users (id int primary key, name text not null);\n",
    );
    await write("server.cjs", server("v1"));
    const manifest = await readFile(join(project, "postern.yaml"), "utf8");
    const api = "\n  api:\n    command: node server.cjs\n    ports: [3000]\n";
    await write("postern.yaml", manifest.replace(/^ {2}# api:$/m, `${api}$&`));
    await run("manifest check");
  });

  it("deploys, and what serves is theirs", async () => {
    expect(await run("deploy --plan")).toContain("build → release → migrate → deploy");
    const { services } = await json<{ services: { url: string }[] }>("deploy");
    expect(await (await fetch(services[0]!.url)).text()).toBe("v1");
    expect(await run("logs api")).toBe(`begins v1 ${user.uid ?? process.getuid!()}\n`);
    expect(await run("service list")).toMatch(/^api +running +release 1 /m);
    await access(join(root, "home/.local/share/postern"));
  });

  it("migrates, looks, and writes", async () => {
    expect(await run("db migrate --status")).toMatch(/✓ \d{14}_create_users\.sql\n\n {2}0 pending/);
    await run("db new add_email");
    const file = await migration("add_email");
    await write(file, "alter table users add column email text;\n");
    await write(file.replace(".sql", ".down.sql"), "alter table users drop column email;\n");
    expect(await run("db migrate --plan")).toContain("1 statement, in a transaction");
    await run("db migrate");
    expect(await run("db tables --table users")).toContain("column email text");
    await run("db rollback --steps 1 --yes");
    expect(await run("db tables --table users")).not.toContain("email");
    await run("db migrate");
    const insert = ["db", "sql", "--write", "--sql", "insert into users values (1, 'Ada')"];
    expect(await postern(insert)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 row affected/),
    });
    await run("db backup create");
    expect(await json("db backup list")).toHaveLength(1);
  });

  it("can type what the documents show of looking", async () => {
    const shown = ["migrations", "releases", "manifest"].flatMap((name) =>
      fencedBlocks(readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8"), /^sh$/)
        .flatMap((block) => block.split("\n"))
        .flatMap(posternCommands)
        .map(readWords),
    );
    // What changes something is typed by the tests around this one; `-f` has no end; 012 is another project's.
    const left =
      /^(db new|db migrate$|db rollback --(steps|to)|deploy|rollback|apply --env staging$|logs)|012$/;
    const looking = shown.filter((words) => !left.test(words.join(" ")));
    expect(looking.length).toBeGreaterThan(12);
    const failed: unknown[] = [];
    const take = async (): Promise<void> => {
      const words = looking.shift();
      if (!words) return;
      const end = await postern(words);
      if (end.code !== 0) failed.push({ words, ...end });
      return take();
    };
    await Promise.all([take(), take()]);
    expect(failed).toEqual([]);
  });

  it("goes back to the release before, and ends the day with nothing running", async () => {
    await write("server.cjs", server("v2"));
    await appendFile(join(project, "postern.yaml"), "\nrollback: echo taken back\n");
    const { services } = await json<{ services: { url: string }[] }>("deploy");
    const version = async () => (await fetch(services[0]!.url)).text();
    expect(await version()).toBe("v2");
    await run("rollback");
    expect(await run("logs --release 2")).toContain("taken back");
    expect(await version()).toBe("v1");
    expect(await run("release list")).toMatch(/^1 +active/m);
    await run("down");
    expect(await postern(["status"])).toMatchObject({ code: 9 });
  });
});
