/** Settings: where each comes from, and what is kept for the user, by the real program. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const postern = fileURLToPath(new URL("../../../dist/bin/postern.js", import.meta.url));
const key = `pk_${"ab".repeat(32)}`;
let root = "";
let linked = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-config-"));
  linked = join(root, "linked");
  await mkdir(join(linked, ".postern"), { recursive: true });
  const link = {
    database_id: "db-0123456789ab",
    name: "shop",
    host: "h",
    token: "f".repeat(64),
    api_url: "http://x",
  };
  await writeFile(join(linked, ".postern/config.json"), JSON.stringify(link), { mode: 0o600 });
});
afterAll(() => rm(root, { recursive: true, force: true }));

interface End {
  code: number;
  stdout: string;
  stderr: string;
}

function run(args: string[], settings: Record<string, string> = {}, input = "", cwd = root): Promise<End> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [postern, ...args],
      {
        cwd,
        env: { PATH: process.env.PATH, HOME: root, POSTERN_HOME: join(root, "home"), ...settings },
      },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

type Origins = { key: string; value: string | null; origin: string | null }[];
async function origins(settings: Record<string, string> = {}, cwd = root) {
  const { stdout } = await run(["config", "list", "--show-origin", "--json"], settings, "", cwd);
  return Object.fromEntries(
    (JSON.parse(stdout) as Origins).map(({ key, value, origin }) => [key, [value, origin]]),
  );
}

describe("postern config", () => {
  it("keeps settings in a file of mode 0600, and takes them out again", async () => {
    const file = join(root, ".config/postern/config.json");
    expect((await run(["config", "set", "api_url", "https://db.example.com"])).code).toBe(0);
    expect((await run(["config", "set", "api_key"], {}, `${key}\n`)).code).toBe(0);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
      api_url: "https://db.example.com",
      api_key: key,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await origins({ POSTERN_HOME: "" })).api_url).toEqual(["https://db.example.com", file]);
    expect((await run(["config", "unset", "api_key", "--json"])).stdout).toContain('"unset": true');
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({ api_url: "https://db.example.com" });
    await run(["config", "unset", "api_url"]);
    expect((await origins()).api_url).toEqual(["http://127.0.0.1:5480", "default"]);
  });

  it("tells a variable before the linked folder, and that before nothing", async () => {
    const file = join(linked, ".postern/config.json");
    expect((await origins()).db).toEqual([null, null]);
    expect((await origins({}, linked)).db).toEqual(["shop (db-0123456789ab)", file]);
    expect((await origins({ POSTERN_DB: "other" }, linked)).db).toEqual(["other", "POSTERN_DB"]);
    expect((await origins({ POSTERN_WORKERS: "3" })).workers).toEqual(["3", "POSTERN_WORKERS"]);
    expect((await origins()).http_port).toEqual(["5480", "default"]);
  });

  it("shows no secret unless it is asked to", async () => {
    const settings = {
      POSTERN_API_KEY: key,
      POSTERN_PASSWORD: "correct horse",
      POSTERN_URL: "postgres://a:secret1@h/d",
    };
    for (const args of [
      ["list"],
      ["list", "--show-origin", "-o", "yaml"],
      ["get", "api_key"],
      ["get", "password"],
    ]) {
      const { stdout } = await run(["config", ...args], settings, "", linked);
      expect(stdout).not.toBe("");
      for (const secret of [key, "horse", "secret1", "f".repeat(64)]) expect(stdout).not.toContain(secret);
    }
    expect((await run(["config", "get", "api_key", "--reveal"], settings)).stdout).toBe(`${key}\n`);
  });

  it("refuses what it does not know, or what cannot be", async () => {
    const typo = await run(["config", "set", "api_ulr", "x"]);
    expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining("Did you mean api_url?")]);
    const wrong = await run(["config", "set", "api_url", "db.example.com"]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("not an http(s) address")]);
    const short = await run(["config", "set", "api_key", "pk_12"]);
    expect([short.code, short.stderr.includes("pk_12")]).toEqual([2, false]);
    expect((await run(["config", "get", "htpp_port"])).stderr).toContain("Did you mean http_port?");
  });
});
