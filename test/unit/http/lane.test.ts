/** Plain requests are read by Postern itself and all others by Node: nobody can tell the two apart. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { readPlainHead } from "../../../src/http/lane/read-plain-head.ts";
import { dial, drain } from "../../support/http-client.ts";
import { type HttpFixture, httpFixture } from "../../support/http-fixture.ts";
import { databaseId, token } from "../../support/in-memory-services.ts";

const started: HttpFixture[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { server } of started.splice(0)) await server.close(0);
});

async function start(options: Parameters<typeof httpFixture>[0] = {}) {
  const fixture = httpFixture(options);
  started.push(fixture);
  const port = await fixture.server.listen();
  const connect = async () => {
    const socket = await dial(port);
    sockets.push(socket);
    return socket;
  };
  return { ...fixture, port, connect };
}

const path = `/v1/db/${databaseId}/query`;
const usual = [
  "host: localhost",
  `authorization: Bearer ${token}`,
  "content-type: application/json",
  "x-request-id: mine",
];
const body = (sql: string) => JSON.stringify({ sql });
function plain(sql: string, headers: readonly string[] = usual, line = `POST ${path} HTTP/1.1`): string {
  const text = body(sql);
  const all = [line, ...headers, `content-length: ${Buffer.byteLength(text)}`];
  return `${all.join("\r\n")}\r\n\r\n${text}`;
}

/** Reads answers with a known length, in turn. */
function answersOf(socket: Socket) {
  let text = "";
  let ended = false;
  let wake = () => {};
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
    wake();
  });
  socket.on("close", () => {
    ended = true;
    wake();
  });
  return async (): Promise<{ head: string; body: string }> => {
    for (;;) {
      const end = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
      if (end >= 0 && text.length >= end + 4 + length) {
        const bytes = Buffer.from(text.slice(end + 4, end + 4 + length), "latin1");
        const answer = { head: text.slice(0, end), body: bytes.toString() };
        text = text.slice(end + 4 + length);
        return answer;
      }
      if (ended) throw new Error(`Closed behind ${JSON.stringify(text)}.`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

const asked = (sql: string) => JSON.stringify({ input: { sql }, rowsAsArrays: false });
/** Without what differs from one moment to the next, and without regard to order. */
const shape = (head: string) =>
  head
    .replace(/date: [^\r]+/i, "date")
    .toLowerCase()
    .split("\r\n")
    .sort();

describe("a connection with plain requests", () => {
  it("answers one after the other, each with its own answer", async () => {
    const { connect, observations } = await start();
    const socket = await connect();
    const next = answersOf(socket);
    for (const sql of ["select 1", "select 22", "select 'é'", "select 1"]) {
      socket.write(plain(sql));
      const answer = await next();
      expect(answer.head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(answer.body).toBe(asked(sql));
    }
    expect(observations.map((one) => one.type === "request" && one.status)).toEqual([200, 200, 200, 200]);
  });

  it("answers what comes without waiting for answers, in turn, whoever reads it", async () => {
    const { connect } = await start();
    const socket = await connect();
    const next = answersOf(socket);
    const others = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    socket.write(plain("select 1") + plain("select 2") + others + plain("select 3") + others);
    expect((await next()).body).toBe(asked("select 1"));
    expect((await next()).body).toBe(asked("select 2"));
    expect((await next()).body).toBe('{"status":"ok"}');
    expect((await next()).body).toBe(asked("select 3"));
    expect((await next()).body).toBe('{"status":"ok"}');
  });

  it("answers a request in whatever pieces it comes", async () => {
    const { connect } = await start();
    const text = plain("select 1");
    for (let at = 1; at < text.length; at += 17) {
      const socket = await connect();
      const next = answersOf(socket);
      socket.setNoDelay(true);
      socket.write(plain("select 0"));
      await next();
      socket.write(text.slice(0, at));
      await new Promise(setImmediate);
      socket.write(text.slice(at) + plain("select 2"));
      expect((await next()).body).toBe(asked("select 1"));
      expect((await next()).body).toBe(asked("select 2"));
      socket.destroy();
    }
  });

  it("has the headers that Node's answers have", async () => {
    const { connect } = await start();
    const [direct, split] = [await connect(), await connect()];
    const [nextDirect, nextSplit] = [answersOf(direct), answersOf(split)];
    direct.write(plain("select 1"));
    split.write("P");
    await new Promise((resolve) => setTimeout(resolve, 20));
    split.write(plain("select 1").slice(1));
    const [own, nodes] = [await nextDirect(), await nextSplit()];
    expect(shape(own.head)).toEqual(shape(nodes.head));
    expect(own.body).toBe(nodes.body);
  });

  it("takes what comes behind a body's announced length for the next request", async () => {
    const { connect } = await start();
    const socket = await connect();
    socket.write(`${plain("select 1")}{"sql":"select 2"}\r\n\r\n`);
    const answers = await drain(socket);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(answers).not.toContain("select 2");
  });

  it("refuses as Node's way does, and goes on", async () => {
    const { connect, services } = await start();
    const socket = await connect();
    const next = answersOf(socket);
    const wrong = usual.map((line) => line.replace(token, "0".repeat(64)));
    socket.write(plain("select 1", wrong));
    const refused = await next();
    expect(refused.head).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
    expect(refused.head).toMatch(/www-authenticate: Bearer/);
    expect(JSON.parse(refused.body)).toMatchObject({ code: "Y2002", request_id: "mine" });
    services.query.query = async () => {
      throw posternError("Y4004", "Too busy.");
    };
    socket.write(plain("select 1"));
    const busy = await next();
    expect(busy.head).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(busy.head).toMatch(/retry-after: 1/);
    socket.write(plain("select 1").replace('{"sql"', '{"sqk"'));
    expect((await next()).head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it("sends an answer of megabytes whole", async () => {
    const { connect, services } = await start();
    const chunks = [Buffer.alloc(3_000_000, "a"), Buffer.alloc(2_000_000, "b")];
    services.query.query = async () => ({ chunks, byteLength: 5_000_000 });
    const socket = await connect();
    const next = answersOf(socket);
    for (let time = 0; time < 3; time++) {
      socket.write(plain("select 1"));
      const answer = await next();
      expect(answer.body).toBe(chunks.join(""));
    }
  });

  it("is closed by who leaves, which cancels what was asked", async () => {
    const { connect, services, observed } = await start();
    const socket = await connect();
    const canceled = new Promise<void>((resolve) => {
      services.query.query = (_principal, _input, { signal }) => {
        signal.addEventListener("abort", () => resolve());
        socket.end();
        return new Promise(() => {});
      };
    });
    socket.write(plain("select 1"));
    await canceled;
    expect(await observed("request")).toMatchObject({ status: 499, code: "Y1017" });
  });

  it("is not waited for when the server closes, and told of it where it is at work", async () => {
    const { connect, services, server } = await start();
    const [idle, busy] = [await connect(), await connect()];
    const nextIdle = answersOf(idle);
    idle.write(plain("select 1"));
    await nextIdle();
    const { query } = services.query;
    let finish = () => {};
    const entered = new Promise<void>((enter) => {
      services.query.query = async (...args) => {
        enter();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return query(...args);
      };
    });
    const next = answersOf(busy);
    busy.write(plain("select 1"));
    await entered;
    const idleClosed = once(idle, "close");
    const closed = server.close();
    await idleClosed;
    finish();
    const answer = await next();
    expect(answer.head).toMatch(/\r\nConnection: close$/m);
    expect(answer.body).toBe(asked("select 1"));
    await closed;
  });

  it("that says nothing is told so after five seconds", async () => {
    const { connect } = await start();
    const answer = await drain(await connect());
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n.*"Y1016"/s);
  }, 15_000);
});

describe("whatever is unusual is Node's to judge: in one piece or byte by byte, it gets the same answer", () => {
  const text = body("select 1");
  const length = `content-length: ${text.length}`;
  const line = `POST ${path} HTTP/1.1`;
  const request = (lines: readonly string[], end = text) => `${lines.join("\r\n")}\r\n\r\n${end}`;
  const next = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
  it.each([
    ["two lengths", request([line, ...usual, length, "content-length: 3"])],
    ["the same length twice", request([line, ...usual, length, length])],
    ["a length and chunks", request([line, ...usual, length, "transfer-encoding: chunked"])],
    ["chunks and a length", request([line, ...usual, "transfer-encoding: chunked", length])],
    ["a length with zeros before it", request([line, ...usual, `content-length: 000${text.length}`])],
    ["a signed length", request([line, ...usual, `content-length: +${text.length}`])],
    ["a list of lengths", request([line, ...usual, `content-length: ${text.length}, ${text.length}`])],
    ["a length in hexadecimal", request([line, ...usual, "content-length: 0x16"])],
    ["a length with blanks behind it", request([line, ...usual, `${length}  `])],
    ["no length", request([line, ...usual])],
    ["a space before a colon", request([line, ...usual, "content-length : 22"])],
    ["a folded header", request([line, ...usual, "x: a", " transfer-encoding: chunked", length])],
    ["a bare line feed", `${request([line, ...usual, length]).replace("\r\nhost", "\nhost")}`],
    ["a bare carriage return", request([line, ...usual, "x: a\rcontent-length: 3", length])],
    ["a null byte", request([line, ...usual, "x: a\0b", length])],
    ["a byte above 127", request([line, ...usual, "x: é", length])],
    ["no colon", request([line, ...usual, "x", length])],
    ["an empty name", request([line, ...usual, ": x", length])],
    ["an empty value", request([line, ...usual, "x:", length])],
    ["two hosts", request([line, ...usual, "host: evil.example", length])],
    ["no host", request([line, ...usual.slice(1), length])],
    ["two authorizations", request([line, ...usual, `authorization: Bearer ${"0".repeat(64)}`, length])],
    ["an absolute URL", request([`POST http://evil.example${path} HTTP/1.1`, ...usual, length])],
    ["HTTP/1.0", request([`POST ${path} HTTP/1.0`, ...usual, length])],
    ["HTTP/2.0", request([`POST ${path} HTTP/2.0`, ...usual, length])],
    ["a method in small letters", request([`post ${path} HTTP/1.1`, ...usual, length])],
    ["two spaces in the first line", request([`POST  ${path} HTTP/1.1`, ...usual, length])],
    ["an empty line first", `\r\n${request([line, ...usual, length])}`],
    ["an end of the connection", request([line, ...usual, "connection: close", length])],
    ["an upgrade", request([line, ...usual, "connection: upgrade", "upgrade: h2c", length])],
    ["an expectation", request([line, ...usual, "expect: 100-continue", length])],
    ["a coding of the body", request([line, ...usual, "content-encoding: gzip", length])],
    ["a path with a percent", request([`POST ${path}%20 HTTP/1.1`, ...usual, length])],
    [
      "many headers",
      request([line, ...usual, ...Array.from({ length: 60 }, (_, at) => `x${at}: y`), length]),
    ],
    ["a long header", request([line, ...usual, `x: ${"y".repeat(9_000)}`, length])],
    ["a prototype's name", request([line, ...usual, "__proto__: x", "constructor: y", length])],
    ["another type", request([line, ...usual.toSpliced(2, 1, "content-type: text/plain"), length])],
    ["a request id that is none", request([line, ...usual.toSpliced(3, 1, "x-request-id: a b"), length])],
    ["a wish for timings", request([line, ...usual, "server-timing: 1", length])],
  ])("%s", async (_what, hostile) => {
    const { connect } = await start();
    const [whole, pieces] = [await connect(), await connect()];
    whole.write(hostile + next);
    pieces.write(hostile.slice(0, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    pieces.write(hostile.slice(1) + next);
    const comparable = (answer: string) =>
      answer
        .replace(/date: [^\r]+/gi, "date")
        .replace(/req-[0-9a-f-]{36}/g, "req")
        .replace(/"dur=[^"]*"|dur=[\d.]+/g, "dur");
    const [own, nodes] = (await Promise.all([drain(whole), drain(pieces)])).map(comparable);
    expect(own!.split("\r\n").sort()).toEqual(nodes!.split("\r\n").sort());
    expect(own).toMatch(/^HTTP\/1\.1 \d{3} /);
  });
});

describe("a plain head", () => {
  it("is read into names in lower case and values without blanks around them", () => {
    const head = readPlainHead("POST /a/b HTTP/1.1\r\nHost:localhost\r\nX-A: b  c\r\nContent-Length: 0");
    expect(head?.url).toBe("/a/b");
    expect({ ...head?.headers }).toEqual({ host: "localhost", "x-a": "b  c", "content-length": "0" });
    expect(head?.rawHeaders).toEqual(["Host", "localhost", "X-A", "b  c", "Content-Length", "0"]);
  });
});
