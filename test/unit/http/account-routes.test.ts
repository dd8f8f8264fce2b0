import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { bearer, httpFixture } from "../../support/http-fixture.ts";
import { account, adminKey, memberKey, rightPassword } from "../../support/in-memory-services.ts";

const { server, services } = httpFixture();
const { app } = server;

beforeEach(() => {
  services.calls.length = 0;
});
afterAll(() => server.close());

type Method = "GET" | "POST" | "DELETE";
function send(route: string, body?: unknown, headers: Record<string, string> = bearer(adminKey)) {
  const [method, url] = route.split(" ") as [Method, string];
  return app.inject({ method, url, headers, ...(body === undefined ? {} : { payload: body as object }) });
}

describe("POST /v1/accounts", () => {
  const input = { username: "grace", password: "12345678" };

  test("passes a stranger on as nobody", async () => {
    const response = await send("POST /v1/accounts", input, {});
    expect(response.statusCode).toBe(201);
    expect(services.calls).toEqual([{ name: "accounts.register", args: [undefined, input] }]);
  });

  test("passes the key's account on", async () => {
    await send("POST /v1/accounts", input, bearer(memberKey));
    expect(services.calls).toMatchObject([{ args: [{ role: "member" }, input] }]);
  });

  test("refuses a bad key instead of taking its bearer for a stranger", async () => {
    const response = await send("POST /v1/accounts", input, bearer("nonsense"));
    expect(response.json()).toMatchObject({ code: "Y2002" });
    expect(services.calls).toEqual([]);
  });
});

describe("POST /v1/login", () => {
  const logIn = (username: string, password: string, address = "127.0.0.1") =>
    app.inject({ method: "POST", url: "/v1/login", payload: { username, password }, remoteAddress: address });

  test("answers with a key", async () => {
    const response = await logIn("ada", rightPassword);
    expect(response.json()).toEqual({ api_key: adminKey, account });
  });

  test("refuses the eleventh wrong guess at one name with 429 and retry-after, from any address", async () => {
    for (let guess = 0; guess < 10; guess += 1) {
      expect((await logIn("victim", "wrong", `10.0.0.${guess}`)).json().code).toBe("Y2005");
    }
    const response = await logIn("victim", "wrong", "10.0.1.1");
    expect(response.statusCode).toBe(429);
    expect(response.json()).toMatchObject({ code: "Y1018" });
    expect(Number(response.headers["retry-after"])).toBeGreaterThan(0);
    expect((await logIn("somebody_else", "wrong", "10.0.1.1")).json().code).toBe("Y2005");
  });

  test("refuses the sixty-first wrong guess from one address, whatever the names", async () => {
    for (let guess = 0; guess < 60; guess += 1) await logIn(`name_${guess}`, "wrong", "10.9.9.9");
    expect((await logIn("another", "wrong", "10.9.9.9")).statusCode).toBe(429);
    expect((await logIn("another", "wrong", "10.9.9.8")).statusCode).toBe(401);
  });

  test("never slows down who knows the password", async () => {
    for (let time = 0; time < 30; time += 1) {
      expect((await logIn("ada", rightPassword, "10.8.8.8")).statusCode).toBe(200);
    }
  });
});
