import { afterEach, expect, test } from "vitest";
import { bearer, type HttpFixture, httpFixture } from "../../support/http-fixture.ts";
import { adminKey, token } from "../../support/in-memory-services.ts";

const started: HttpFixture[] = [];
afterEach(async () => {
  for (const { server } of started.splice(0)) await server.close(0);
});

function limited(burst: number) {
  let nowMs = 0;
  const fixture = httpFixture({
    rateLimit: { perSecond: 0.5, burst },
    clock: { now: () => new Date(nowMs) },
  });
  started.push(fixture);
  const get = async (url: string, headers = {}) => {
    const { statusCode, headers: answered, body } = await fixture.server.app.inject({ url, headers });
    return { status: statusCode, retryAfter: answered["retry-after"], code: JSON.parse(body).code };
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { get, services: fixture.services, pass };
}

const refused = { status: 429, retryAfter: "2", code: "Y1018" };

test("an API key that comes too often gets 429 Y1018 with retry-after, and its turn after that", async () => {
  const { get, services, pass } = limited(2);
  for (let index = 0; index < 2; index += 1)
    expect((await get("/v1/whoami", bearer(adminKey))).status).toBe(200);
  expect(await get("/v1/whoami", bearer(adminKey))).toEqual(refused);
  expect(services.calls).toHaveLength(2);
  pass(2_000);
  expect((await get("/v1/whoami", bearer(adminKey))).status).toBe(200);
});

test("callers with credentials of their own do not use up each other's turns behind one address", async () => {
  const { get } = limited(2);
  for (let index = 0; index < 3; index += 1) await get("/v1/whoami", bearer(adminKey));
  expect((await get("/v1/databases/shop", bearer(token))).status).toBe(200);
});

test("guesses are counted by address, whatever they guess", async () => {
  const { get } = limited(2);
  for (const digit of ["1", "2"]) {
    expect((await get("/v1/whoami", bearer(`pk_${digit.repeat(64)}`))).status).toBe(401);
  }
  expect(await get("/v1/whoami", bearer(`pk_${"3".repeat(64)}`))).toEqual(refused);
});

test("one who has not said who they are is counted by address", async () => {
  const { get } = limited(1);
  expect((await get("/openapi.json")).status).toBe(200);
  expect(await get("/openapi.json")).toEqual(refused);
});
