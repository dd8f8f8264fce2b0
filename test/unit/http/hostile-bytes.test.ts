import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { ask, dial, drain } from "../../support/http-client.ts";
import { bearer, type HttpFixture, httpFixture } from "../../support/http-fixture.ts";
import { databaseId, token } from "../../support/in-memory-services.ts";

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

describe("hostile bytes", () => {
  const send = async (text: string) => {
    const { port } = await start();
    const socket = await dial(port);
    socket.write(text);
    return drain(socket);
  };

  test("that are not HTTP get 400 Y1001 as JSON and the connection is closed", async () => {
    const answer = await send("\x16\x03\x01 hello\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ code: "Y1001" });
  });

  const head = "POST /v1/login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
  const next = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
  test.each([
    ["a length and chunks", `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["chunks and a length", `${head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n`],
    ["two lengths", `${head}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    ["the same length twice", `${head}content-length: 2\r\ncontent-length: 2\r\n\r\n{}`],
    ["a list of lengths", `${head}content-length: 2, 2\r\n\r\n{}`],
    ["a signed length", `${head}content-length: +2\r\n\r\n{}`],
    ["chunks that are not the last coding", `${head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ["a disguised coding", `${head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ["a chunk size that is no number", `${head}transfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n`],
    ["a space before the colon", `${head}content-length : 2\r\n\r\n{}`],
    ["a folded header", `${head}x: a\r\n transfer-encoding: chunked\r\n\r\n`],
    ["a bare line feed in a header", `${head}x: a\ncontent-length: 2\r\n\r\n{}`],
    ["a null byte in a header", `${head}x: a\0b\r\n\r\n`],
    ["no host", "GET /healthz HTTP/1.1\r\n\r\n"],
  ])("%s: refused, and what comes after it is not read: no smuggling behind a proxy", async (_what, text) => {
    const answer = await send(`${text}${next}`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 400"]);
    expect(answer).not.toContain('"status":"ok"');
  });

  test("headers of more than 16 KiB get 431", async () => {
    const answer = await send(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 .*"Y1001"/s);
  });

  test("headers that do not arrive within 5 s get 408 Y1016", async () => {
    const answer = await send("GET /healthz HTTP/1.1\r\nhost: localhost\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ code: "Y1016" });
  });

  test("a body that does not arrive in time gets 408 Y1016", async () => {
    const { port } = await start({ requestTimeoutMs: 1_000 });
    const socket = await dial(port);
    socket.write(`${head}content-length: 100\r\n\r\n{"username":`);
    const answer = await drain(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 .*"Y1016"/s);
  });

  test("a body trickles for 30 s and no longer unless said otherwise, headers for 5 s", async () => {
    const { server } = await start();
    expect(server.app.server.requestTimeout).toBe(30_000);
    expect(server.app.server.headersTimeout).toBe(5_000);
  });

  test("connections beyond the limit are closed as they come; those that are open go on", async () => {
    const { port } = await start({ mostConnections: 1 });
    const first = await dial(port);
    first.write(next);
    await once(first, "data");
    const second = await dial(port);
    second.on("error", () => {}).write(next);
    expect(await drain(second).catch(() => "")).toBe("");
    first.write(next);
    expect(String((await once(first, "data"))[0])).toContain('"status":"ok"');
    first.destroy();
  });

  test("two Authorization headers are 400 Y1001, whichever comes first", async () => {
    const { port } = await start();
    const good = `Bearer ${token}`;
    for (const authorization of [
      [good, "Bearer x"],
      ["Bearer x", good],
    ]) {
      const answer = await ask({ ...question(port), headers: { ...question(port).headers, authorization } });
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, "Y1001"]);
    }
  });

  test("a refused client is answered when it has sent all: closing before would lose the answer", async () => {
    const { port } = await start();
    const socket = await dial(port);
    let answered = false;
    socket.on("data", () => {
      answered = true;
    });
    const half = " ".repeat(1024 * 1024);
    socket.write(
      `POST /query HTTP/1.1\r\nhost: ${databaseId}.localhost\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/json\r\ncontent-length: ${2 * half.length}\r\nconnection: close\r\n\r\n${half}`,
    );
    // Answered after it, so the server has looked at the first one.
    expect((await ask(question(port))).status).toBe(200);
    expect(answered).toBe(false);
    socket.write(half);
    expect(await drain(socket)).toMatch(/^HTTP\/1\.1 413 .*"Y1004"/s);
  });

  test.each([
    ["too much", {}, 413, "Y1004"],
    ["too much in chunks", { "transfer-encoding": "chunked" }, 413, "Y1004"],
    ["much with a wrong token", bearer("wrong"), 401, "Y2002"],
    ["much of the wrong type", { "content-type": "text/plain" }, 400, "Y1003"],
  ])("a client that sends %s reads why it is refused", async (_what, headers, status, code) => {
    const { port } = await start();
    const body = Buffer.alloc(20 * 1024 * 1024, 0x20);
    const answer = await ask({ ...question(port), headers: { ...question(port).headers, ...headers }, body });
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([status, code]);
  });

  test("a body that breaks off leaves nothing running", async () => {
    const { port, services, observed } = await start();
    const { promise: entered, resolve: enter } = deferred();
    const { authenticateDatabase } = services.access;
    services.access.authenticateDatabase = (...args) => {
      enter();
      return authenticateDatabase(...args);
    };
    const socket = await dial(port);
    socket.write(
      `POST /query HTTP/1.1\r\nhost: ${databaseId}.localhost\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"sql":`,
    );
    await entered;
    socket.destroy();
    expect(await observed("request")).toMatchObject({ status: 499 });
    expect(services.calls).toEqual([]);
  });

  test("a chunked body is held to the same limit", async () => {
    const { port } = await start();
    const headers = { ...question(port).headers, "transfer-encoding": "chunked" };
    const answer = await ask({ ...question(port), headers, body: Buffer.alloc(8192, 0x20) });
    expect(JSON.parse(answer.text)).toMatchObject({ code: "Y1004" });
  });
});
