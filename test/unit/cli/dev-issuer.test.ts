/** The development issuer gives tokens that Postern verifies, on this machine and to nobody from elsewhere. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TokenVerifier } from "../../../src/access/token-verifier.ts";

const postern = fileURLToPath(new URL("../../../dist/bin/postern.js", import.meta.url));
const verifier = new TokenVerifier({ rules: { allowLoopback: true, allowPrivate: false } });
let root = "";
let server: ChildProcess;
let url = "";

const start = (...args: string[]) =>
  spawn(process.execPath, [postern, ...args], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: root, POSTERN_CONFIG_DIR: join(root, "config") },
  });

function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = start(...args);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pn-issuer-"));
  const child = start("dev-issuer", "--port", "0", "--subject", "nobody", "--json");
  server = child;
  url = await new Promise<string>((resolve, reject) => {
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (stdout.includes("}")) resolve((JSON.parse(stdout) as { issuer: string }).issuer);
    });
    child.once("exit", () => reject(new Error("the issuer ended at once")));
  });
});
afterAll(async () => {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  if (server.exitCode === null && server.kill("SIGTERM")) await ended;
  await rm(root, { recursive: true, force: true });
});

const verify = (token: string) => verifier.verify(token, { issuer: url, audience: null });
const ask = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${url}/token`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const tokenOf = async (answer: Response) => ((await answer.json()) as { access_token: string }).access_token;

describe("the development issuer", () => {
  test("gives tokens with the claims that are asked for, which Postern verifies", async () => {
    const answer = await ask({ sub: "alice", role: "editor", teams: [1, 2], expires_in: 120 });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const { subject, expiresAt, json } = await verify(await tokenOf(answer));
    expect(subject).toBe("alice");
    expect(expiresAt - Date.now() / 1000).toBeGreaterThan(100);
    expect(expiresAt - Date.now() / 1000).toBeLessThanOrEqual(120);
    expect(JSON.parse(json)).toMatchObject({ iss: url, role: "editor", teams: [1, 2] });
    expect(JSON.parse(json)).not.toHaveProperty("expires_in");
  });

  test("gives a token for the subject of its command line where none is asked for", async () => {
    expect((await verify(await tokenOf(await ask({})))).subject).toBe("nobody");
  });

  test.each([
    [[], 400],
    ["", 400],
    ["{", 400],
    [{ sub: 1 }, 400],
    [{ sub: "" }, 400],
    [{ sub: "a".repeat(256) }, 400],
    [{ sub: "a", iss: "https://example.com" }, 400],
    [{ sub: "a", exp: 9_999_999_999 }, 400],
    [{ sub: "a", expires_in: 0 }, 400],
    [{ sub: "a", expires_in: "1h" }, 400],
    [{ sub: "a", x: "y".repeat(17_000) }, 413],
  ])("refuses %j", async (body, status) => {
    expect((await ask(body)).status).toBe(status);
  });

  test("publishes nothing private", async () => {
    const { keys } = (await (await fetch(`${url}/jwks`)).json()) as { keys: Record<string, unknown>[] };
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual([
      ["alg", "crv", "kid", "kty", "use", "x", "y"],
    ]);
  });

  test("keeps its key where only its user can read it", async () => {
    expect((await stat(join(root, "config/dev-issuer.json"))).mode & 0o777).toBe(0o600);
  });

  test("answers no page of another site, neither by its origin nor by a name that it rebinds", async () => {
    const stranger = await ask({ sub: "a" }, { origin: "https://evil.example" });
    expect(stranger.headers.get("access-control-allow-origin")).toBeNull();
    const simple = await ask('{"sub":"a"}', { "content-type": "text/plain" });
    expect(simple.status).toBe(400);
    const neighbour = await ask({ sub: "a" }, { origin: "http://localhost:5173" });
    expect(neighbour.headers.get("access-control-allow-origin")).toBe("http://localhost:5173");
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        `${url}/jwks`,
        { headers: { host: `evil.example:${new URL(url).port}` } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      asked.on("error", reject).end();
    });
    expect(status).toBe(404);
  });

  test("listens on loopback only", async () => {
    const { port } = new URL(url);
    // The same port is free at another address of this machine: nothing listens on all of them.
    const other = createServer();
    await new Promise<void>((resolve, reject) => {
      other.once("error", reject).listen(Number(port), "127.0.0.2", resolve);
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test("says that its port is taken", async () => {
    const second = await run("dev-issuer", "--port", new URL(url).port);
    expect(second).toMatchObject({ code: 6, stdout: "" });
    expect(second.stderr).toContain("--port");
  });
});

describe("postern dev-issuer token", () => {
  test("prints a token of the issuer that ran last, without asking it", async () => {
    const claims = [
      "--claim",
      "role=editor",
      "--claim",
      "level=3",
      "--claim",
      'teams=["a"]',
      "--claim",
      "eq=a=b",
    ];
    const end = await run("dev-issuer", "token", "--sub", "alice", ...claims, "--expires", "2m");
    expect(end).toMatchObject({ code: 0, stderr: "" });
    const { subject, expiresAt, json } = await verify(end.stdout.trim());
    expect(subject).toBe("alice");
    expect(expiresAt - Date.now() / 1000).toBeLessThanOrEqual(120);
    expect(JSON.parse(json)).toMatchObject({ role: "editor", level: 3, teams: ["a"], eq: "a=b" });
  });

  test.each([
    ["--sub", "a", "--claim", "role"],
    ["--sub", "a", "--claim", "=x"],
    ["--sub", "a", "--claim", "exp=1"],
    ["--sub", "a", "--expires", "soon"],
    ["--sub", "a", "--port", "x"],
    ["--sub", ""],
    [],
  ])("refuses %j %j %j %j", async (...args) => {
    expect(await run("dev-issuer", "token", ...args)).toMatchObject({ code: 2, stdout: "" });
  });
});
