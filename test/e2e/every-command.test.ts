/** Every command with --json against one daemon, and the log of who changed what by them. */
import type { AuditEntry, CreatedDatabase } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inParallel } from "../../src/base/in-parallel.ts";
import { registry } from "../../src/cli/registry.ts";
import { type CommandEnd, createPosternHome, type PosternHome } from "../support/postern-home.ts";

let postern: PosternHome;
let database: CreatedDatabase;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  expect((await postern.run(["up"])).code).toBe(0);
  database = await postern.json<CreatedDatabase>(["db", "create", "shop"]);
});
afterAll(() => postern.close());

/** Words that let a command run; what is not here gets a name that there is not. */
const words: Record<string, string[]> = {
  "config get": ["api_url"],
  completion: ["bash"],
  help: ["exit-codes"],
  "db exec": ["select 1 as one"],
};

/** They end what the others need, never end by themselves, or speak for another program. */
const left = new Set(["up", "down", "logout", "run", "logs", "dev-issuer", "db connect", "db types", "init"]);

/** The schema of manifests has the names of JSON Schema. Any other answer is one JSON value in snake_case; any failure is one JSON error, with an exit code of the contract. */
function requireJson(path: string, { code, stdout, stderr }: CommandEnd): void {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], path).toContain(code);
  if (stdout.trim() !== "" && path !== "manifest schema") {
    const value: unknown = JSON.parse(stdout);
    expect(
      keysOf(value).filter((key) => /[a-z][A-Z]/.test(key)),
      path,
    ).toEqual([]);
  }
  const lines = stderr.trim();
  if (code === 0 || code === 8) expect(lines.startsWith("{"), path).toBe(false);
  else if (stdout.trim() === "")
    expect(JSON.parse(lines.slice(lines.indexOf("{"))), path).toMatchObject({
      error: { code: expect.any(String), message: expect.any(String) },
    });
}

function keysOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(keysOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

describe("--json", () => {
  it("is JSON on stdout, or a JSON error on stderr, of every command", async () => {
    const specs = registry.filter(({ path }) => !left.has(path));
    await inParallel(3, specs, async ({ path, args = [] }) => {
      const needed = args.filter(({ name }) => name.startsWith("<")).map(() => "nothing-of-that-name");
      const end = await postern.run([...path.split(" "), ...(words[path] ?? needed), "--json", "--no-input"]);
      requireJson(path, end);
    });
    expect(specs.length).toBeGreaterThan(70);
  }, 240_000);

  it.each(["yaml", "csv", "env"])("lists can be had as %s as well", async (form) => {
    const { code, stdout } = await postern.run(["db", "list", "-o", form]);
    expect([code, stdout.includes(database.id)]).toEqual([0, true]);
  });
});

describe("postern audit list", () => {
  it("tells who did what to what, and what came of it, without secrets", async () => {
    await postern.run(["db", "token", "create", "shop", "--label", "app"]);
    await postern.run(["db", "pause", "no-such-database"]);
    await postern.run(["login", "-u", "admin"], { environment: { POSTERN_PASSWORD: "wrong password" } });
    const text = JSON.stringify(await postern.json(["audit", "list"]));
    for (const secret of [database.token, "wrong password"]) expect(text).not.toContain(secret);
    const entries = JSON.parse(text) as AuditEntry[];
    const of = (action: string, target: string) =>
      entries.find((entry) => entry.action === action && entry.target === target);
    expect(of("createDatabase", "shop")).toMatchObject({
      actor: { kind: "account", name: "admin" },
      target: "shop",
      outcome: "done",
      request_id: expect.stringMatching(/./),
    });
    // By the name, or by the id that the folder's link has for it.
    expect(of("createToken", "shop") ?? of("createToken", database.id)).toMatchObject({ outcome: "done" });
    expect(of("pauseDatabase", "no-such-database")).toMatchObject({
      target: "no-such-database",
      outcome: "refused",
      code: "Y3001",
    });
    expect(of("logIn", "admin")).toMatchObject({ actor: { kind: "nobody" }, target: "admin", code: "Y2005" });
    expect(entries.some(({ action }) => /^(list|get|whoAmI|compare)/.test(action))).toBe(false);
  });

  it("can be narrowed, and shows members their own only", async () => {
    const some = await postern.json<AuditEntry[]>(["audit", "list", "--target", "shop", "--since", "1h"]);
    expect(some.length).toBeGreaterThan(0);
    expect(some.every(({ target }) => target!.split("/").includes("shop"))).toBe(true);
    await postern.api("POST", "/v1/accounts", { username: "alice", password: "a long enough password" });
    const { api_key } = await postern.api<{ api_key: string }>("POST", "/v1/login", {
      username: "alice",
      password: "a long enough password",
    });
    const own = await postern.api<AuditEntry[]>("GET", "/v1/audit", undefined, api_key);
    expect(own.filter(({ actor }) => actor.name !== "alice")).toEqual([]);
  });
});
