import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { ask, dial } from "../../support/http-client.ts";
import { bearer, type HttpFixture, httpFixture } from "../../support/http-fixture.ts";
import { adminKey, databaseId, operationId, token } from "../../support/in-memory-services.ts";

const started: HttpFixture[] = [];

async function start(options: Parameters<typeof httpFixture>[0] = {}) {
  const fixture = httpFixture(options);
  started.push(fixture);
  return { ...fixture, port: await fixture.server.listen() };
}

afterEach(async () => {
  for (const { server } of started.splice(0)) await server.close(0);
});

const json = { "content-type": "application/json" };
const select = JSON.stringify({ sql: "select 'needle'", params: ["haystack"] });
const question = (port: number) => ({
  port,
  method: "POST",
  path: "/query",
  headers: { host: `${databaseId}.localhost:${port}`, ...json, ...bearer(token) },
  body: select,
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const never = <Value>() => new Promise<Value>(() => {});

describe("listening", () => {
  test("on port 0 takes a free one and answers there", async () => {
    const { port } = await start();
    expect(port).toBeGreaterThan(0);
    expect((await ask({ port, path: "/healthz" })).text).toBe('{"status":"ok"}');
  });

  test("on a port in use fails with Y0004 that names POSTERN_HTTP_PORT", async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: "Y0004",
      message: expect.stringContaining(`Port ${port} on 127.0.0.1 is in use by process ${process.pid} (`),
      hint: expect.stringContaining("POSTERN_HTTP_PORT"),
    });
  });
});

describe("each request is observed once", () => {
  test("with route, status and database, without SQL, parameters or token", async () => {
    const { port, observed, observations } = await start();
    await ask({ ...question(port), path: "/query?rows=array" });
    const seen = await observed("request");
    expect(seen).toMatchObject({
      method: "POST",
      route: "/v1/db/:id/query",
      status: 200,
      databaseId,
      durationMs: expect.any(Number),
    });
    expect(JSON.stringify(observations)).not.toMatch(/needle|haystack|ccc/);
    expect(observations).toHaveLength(1);
  });

  test("with its code when it failed, and without a database that was not proven", async () => {
    const { port, observed } = await start();
    const headers = { ...question(port).headers, ...bearer("0".repeat(64)) };
    await ask({ ...question(port), headers });
    const seen = await observed("request");
    expect(seen).toMatchObject({ status: 401, code: "Y2002" });
    expect(seen.databaseId).toBeUndefined();
  });

  test("with no route when there is none, whatever the path says", async () => {
    const { port, observed } = await start();
    await ask({ port, path: "/secret-token" });
    expect(await observed("request")).toMatchObject({ route: "(none)", status: 404, code: "Y1005" });
  });
});

describe("a client that goes away", () => {
  test.each(["query", "execute"] as const)("cancels its /%s", async (name) => {
    const { port, services, observed } = await start();
    const canceled = new Promise<void>((resolve) => {
      services.query[name] = (_principal, _input, { signal }) => {
        signal.addEventListener("abort", () => resolve());
        leave.abort();
        return never();
      };
    });
    const leave = new AbortController();
    const asked = ask({ ...question(port), path: `/${name}`, signal: leave.signal });
    await expect(asked).rejects.toThrow("aborted");
    await canceled;
    expect(await observed("request")).toMatchObject({ status: 499, code: "Y1017" });
  });

  test("is no fault: what its canceled statement throws is not logged as one", async () => {
    const { port, services, observed, observations } = await start();
    services.query.query = (_principal, _input, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(posternError("Y1017", "Canceled.")));
        leave.abort();
      });
    const leave = new AbortController();
    await expect(ask({ ...question(port), signal: leave.signal })).rejects.toThrow("aborted");
    await observed("request");
    await setImmediate();
    expect(observations.filter(({ type }) => type === "fault")).toEqual([]);
  });

  test("stops waiting for an operation", async () => {
    const { port, services } = await start();
    const stopped = new Promise<void>((resolve) => {
      services.operations.describe = (_principal, { signal }) => {
        signal.addEventListener("abort", () => resolve());
        leave.abort();
        return never();
      };
    });
    const leave = new AbortController();
    const path = `/v1/operations/${operationId}?wait=30`;
    await expect(ask({ port, path, headers: bearer(adminKey), signal: leave.signal })).rejects.toThrow(
      "aborted",
    );
    await stopped;
  });

  test("that gets its answer is not canceled", async () => {
    const { port, services, observed } = await start();
    let signal: { aborted: boolean } | undefined;
    const { query } = services.query;
    services.query.query = (principal, input, options) => {
      signal = options.signal;
      return query(principal, input, options);
    };
    await ask(question(port));
    await observed("request");
    expect(signal?.aborted).toBe(false);
  });
});

describe("closing", () => {
  test("answers what is under way, then accepts nothing more", async () => {
    const { port, services, server } = await start();
    const { promise: entered, resolve: enter } = deferred();
    const { promise: turn, resolve: finish } = deferred();
    const { query } = services.query;
    services.query.query = async (...args) => {
      enter();
      await turn;
      return query(...args);
    };
    const asked = ask(question(port));
    await entered;
    const closed = server.close();
    finish();
    expect((await asked).status).toBe(200);
    await closed;
    await expect(ask({ port, path: "/healthz" })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("cuts off what does not end in time, and cancels it", async () => {
    const { port, services, server } = await start();
    const { promise: entered, resolve: enter } = deferred();
    const { promise: canceled, resolve: cancel } = deferred();
    services.query.query = (_principal, _input, { signal }) => {
      signal.addEventListener("abort", () => cancel());
      enter();
      return never();
    };
    const asked = ask(question(port));
    const cutOff = expect(asked).rejects.toThrow("socket hang up");
    await entered;
    await server.close(10);
    await cutOff;
    await canceled;
  });

  test("does not wait for idle connections", async () => {
    const { port, server } = await start();
    const socket = await dial(port);
    socket.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await once(socket, "data");
    const ended = once(socket.resume(), "end");
    await server.close();
    await ended;
  });
});
