import { afterEach, describe, expect, test } from "vitest";
import { ask } from "../../support/http-client.ts";
import { bearer, type HttpFixture, httpFixture } from "../../support/http-fixture.ts";
import { adminKey, memberKey } from "../../support/in-memory-services.ts";

const started: HttpFixture[] = [];
afterEach(async () => {
  for (const { server } of started.splice(0)) await server.close(0);
});

async function start(metrics: "key" | "loopback") {
  const fixture = httpFixture({ metrics });
  started.push(fixture);
  const port = await fixture.server.listen();
  const get = (headers: Record<string, string> = {}) => ask({ port, path: "/metrics", headers });
  return { ...fixture, get };
}

describe("/metrics", () => {
  test("answers an administrator in Prometheus's format, single databases included", async () => {
    const { get, services } = await start("key");
    const answer = await get(bearer(adminKey));
    expect([answer.status, answer.text]).toEqual([200, "up 1\n"]);
    expect(answer.headers["content-type"]).toMatch(/^text\/plain; version=/);
    expect(services.calls).toEqual([{ name: "metrics.render", args: [{ perDatabase: true }] }]);
  });

  test("is not for members: 403 Y2003", async () => {
    const { get, services } = await start("key");
    const answer = await get(bearer(memberKey));
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([403, "Y2003"]);
    expect(services.calls).toEqual([]);
  });

  test("wants a key from this machine, too", async () => {
    const { get } = await start("key");
    expect((await get()).status).toBe(401);
  });

  test("open to this machine, it tells a program there nothing of single databases", async () => {
    const { get, services } = await start("loopback");
    expect((await get()).status).toBe(200);
    expect(services.calls).toEqual([{ name: "metrics.render", args: [{ perDatabase: false }] }]);
  });

  test.each([
    ["through a proxy on this machine", { "x-forwarded-for": "203.0.113.7" }],
    ["through another kind of proxy", { forwarded: "for=203.0.113.7" }],
    ["with a wrong key", { authorization: "Bearer pk_wrong" }],
  ])("open to this machine, it is not for those who come %s", async (_what, headers) => {
    const { get, services } = await start("loopback");
    expect((await get(headers as unknown as Record<string, string>)).status).toBe(401);
    expect(services.calls).toEqual([]);
  });

  test("open to this machine, it is not for those who come from another", async () => {
    const { server } = await start("loopback");
    const answer = await server.app.inject({ url: "/metrics", remoteAddress: "203.0.113.7" });
    expect(answer.statusCode).toBe(401);
  });
});
