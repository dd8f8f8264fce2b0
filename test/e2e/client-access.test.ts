/** Switching client access on and off over the API and by commands, and that it stays so. */
import type { ClientAccessInfo, CreatedDatabase, DatabaseInfo, DatabaseUrls } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { rowsOf } from "../support/session.ts";

const issuer = "https://id.example.com/main";
let postern: PosternHome;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
});
afterAll(() => postern.close());

const create = (name: string) => postern.api<CreatedDatabase>("POST", "/v1/databases", { name });
const path = (ref: string) => `/v1/databases/${ref}/client-access`;
const show = (ref: string) => postern.api<ClientAccessInfo>("GET", path(ref));
const enable = (ref: string, body: object = {}) => postern.api<ClientAccessInfo>("PUT", path(ref), body);
const disable = (ref: string) => postern.api<ClientAccessInfo>("DELETE", path(ref));
const query = async (id: string, sql: string) =>
  rowsOf((await postern.api<DatabaseUrls>("GET", `/v1/databases/${id}/urls`)).direct, sql);

describe("over the API", () => {
  it("is off at first, and switching twice changes nothing the second time", async () => {
    const { id, client_access } = await create("toggled");
    expect(client_access).toBe(false);
    const off = { enabled: false, issuer: null, audience: null };
    const on = { ...off, enabled: true };
    expect(await show(id)).toEqual(off);
    expect(await enable(id)).toEqual({ ...on, changed: true, warnings: [] });
    expect(await enable("toggled")).toEqual({ ...on, changed: false, warnings: [] });
    expect(await show("toggled")).toEqual(on);
    expect((await postern.api<DatabaseInfo>("GET", `/v1/databases/${id}`)).client_access).toBe(true);
    expect(await disable(id)).toEqual({ ...off, changed: true });
    expect(await disable(id)).toEqual({ ...off, changed: false });
  });

  it("keeps what is not named; a new issuer forgets the audience of the old one", async () => {
    const { id } = await create("issued");
    expect(await enable(id, { issuer, audience: "app" })).toMatchObject({ issuer, audience: "app" });
    expect(await enable(id)).toMatchObject({ issuer, audience: "app", changed: false });
    await disable(id);
    expect(await enable(id, { audience: "app 2" })).toMatchObject({
      issuer,
      audience: "app 2",
      changed: true,
    });
    const other = "https://other.example.com";
    expect(await enable(id, { issuer: other })).toMatchObject({
      issuer: other,
      audience: null,
      changed: true,
    });
    expect(await enable(id, { issuer: null })).toMatchObject({ issuer: null, audience: null, changed: true });
  });

  it("refuses issuers where none may live, and audiences that are none", async () => {
    const { id } = await create("refused");
    for (const bad of ["http://id.example.com", "https://10.0.0.1", "ftp://x", "https://u:p@x.example", ""])
      await expect(enable(id, { issuer: bad }), bad).rejects.toMatchObject({ code: "Y2012" });
    for (const bad of ["", "a\nb", "x".repeat(501)])
      await expect(enable(id, { audience: bad })).rejects.toMatchObject({ status: 400 });
    expect((await show(id)).enabled).toBe(false);
  });

  it("is not for a database's own token to switch, and for other members not there", async () => {
    const { id, token } = await create("guarded");
    expect(await postern.api<ClientAccessInfo>("GET", path(id), undefined, token)).toMatchObject({
      enabled: false,
    });
    await expect(postern.api("PUT", path(id), {}, token)).rejects.toMatchObject({ code: "Y2003" });
    await expect(postern.api("DELETE", path(id), undefined, token)).rejects.toMatchObject({ code: "Y2003" });
    const login = { username: "stranger", password: "correct horse" };
    await postern.api("POST", "/v1/accounts", login);
    const { api_key: key } = await postern.api<{ api_key: string }>("POST", "/v1/login", login);
    for (const method of ["GET", "DELETE"])
      await expect(postern.api(method, path(id), undefined, key)).rejects.toMatchObject({ code: "Y3001" });
    await expect(postern.api("PUT", path(id), {}, key)).rejects.toMatchObject({ code: "Y3001" });
  });

  it("answers 409 with Y3004 while the database is not ready", async () => {
    const { id } = await postern.api<CreatedDatabase>("POST", "/v1/databases?wait=false", {
      name: "hasty",
      isolation: "process",
    });
    await expect(enable(id)).rejects.toMatchObject({ code: "Y3004", status: 409 });
    await expect(disable(id)).rejects.toMatchObject({ code: "Y3004", status: 409 });
  });

  it("tells what clients reach past row security, and mends a schema public made anew", async () => {
    const { id } = await create("risky");
    await query(
      id,
      `drop schema public cascade; create schema public;
       create table open_to_all (a int); grant select on open_to_all to anon`,
    );
    const { warnings } = await enable(id);
    expect(warnings).toEqual([expect.stringContaining("table public.open_to_all: ")]);
    expect(await query(id, "select has_schema_privilege('anon', 'public', 'usage') as may")).toEqual([
      { may: true },
    ]);
  });

  it("outlives the daemon", async () => {
    const { id } = await create("lasting");
    await enable(id, { issuer, audience: "app" });
    await postern.stop("SIGKILL");
    postern.environment.POSTERN_OIDC_ISSUER = "https://server.example.com";
    postern.environment.POSTERN_OIDC_AUDIENCE = "server app";
    await postern.start();
    expect(await show(id)).toEqual({ enabled: true, issuer, audience: "app" });
    expect(await show("risky")).toEqual({
      enabled: true,
      issuer: "https://server.example.com",
      audience: "server app",
    });
    expect(await enable(id, { issuer: null })).toMatchObject({ audience: "server app" });
  });
});

describe("by commands", () => {
  const run = (args: string[], environment = {}) =>
    postern.run(["db", "client-access", ...args], {
      environment: { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey(), ...environment },
    });

  it("enables, shows and disables the database that is named", async () => {
    const { id } = await create("named");
    expect(await run(["enable", "named", "--issuer", issuer, "--audience", "app"])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/Issuer +https:\/\/id\.example\.com\/main\n.*Audience +app/),
      stderr: `✓ client-access enabled on ${id}\n`,
    });
    expect((await run(["enable", id])).stderr).toBe(`✓ client-access already enabled on ${id}\n`);
    expect((await run(["show", id])).stdout).toMatch(/Client access +enabled/);
    expect(JSON.parse((await run(["show", id, "--json"])).stdout)).toEqual({
      enabled: true,
      issuer,
      audience: "app",
    });
    expect(await run(["disable", "named"])).toEqual({
      code: 0,
      stdout: "",
      stderr: `✓ client-access disabled on ${id}\n`,
    });
    expect((await run(["disable", "named"])).stderr).toBe(`✓ client-access already disabled on ${id}\n`);
  });

  it("takes the linked database, and goes back to the server's issuer", async () => {
    const { id } = await create("linked");
    const access = { POSTERN_API_URL: postern.apiUrl(), POSTERN_API_KEY: postern.apiKey() };
    expect((await postern.run(["link", "linked"], { environment: access })).code).toBe(0);
    await run(["enable", "--issuer", issuer]);
    expect(await show(id)).toMatchObject({ issuer });
    expect((await run(["enable", "--issuer", ""])).code).toBe(0);
    expect(await show(id)).toMatchObject({ issuer: "https://server.example.com" });
  });

  it("exits with the code of what went wrong", async () => {
    expect((await run(["enable", "nowhere"])).code).toBe(5);
    expect((await run(["enable", "named", "--issuer", "http://id.example.com"])).code).toBe(2);
  });
});
