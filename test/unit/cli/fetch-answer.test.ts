/** The fetch of the command line: what it sends, and what it gives of an answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fetchAnswer } from "../../../src/cli/fetch-answer.ts";

let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === "/moved") return void response.writeHead(307, { location: "/echo" }).end();
  if (request.url === "/broken") {
    response.writeHead(200, { "content-length": "100" }).write("half");
    return void request.socket.destroySoon();
  }
  if (request.url === "/never") return;
  const { method, headers } = request;
  response.writeHead(request.url === "/missing" ? 404 : 200, { "x-one": "1" });
  response.end(
    JSON.stringify({
      method,
      key: headers.authorization,
      length: headers["content-length"],
      body: await text(request),
    }),
  );
}

const fetch = fetchAnswer();
const read = async (path: string, init: RequestInit) =>
  JSON.parse(await (await fetch(url + path, init)).text());

it("sends the method, headers and body", async () => {
  expect(await read("/echo", { method: "POST", headers: { authorization: "Bearer k" }, body: "ä" })).toEqual({
    method: "POST",
    key: "Bearer k",
    length: "2",
    body: "ä",
  });
});

it("sends none where there is no body", async () => {
  expect(await read("/echo", { method: "POST", body: null })).toMatchObject({ length: "0", body: "" });
  expect(await read("/echo", { method: "DELETE", body: null })).toMatchObject({ method: "DELETE", body: "" });
});

it("gives status, headers in any case, and the body as a stream", async () => {
  const missing = await fetch(`${url}/missing`, {});
  expect([missing.ok, missing.status, missing.url]).toEqual([false, 404, `${url}/missing`]);
  expect([missing.headers.get("X-One"), missing.headers.get("x-two")]).toEqual(["1", null]);
  await missing.text();
  const { ok, body } = await fetch(`${url}/echo`, {});
  expect(ok).toBe(true);
  expect(await text(body!)).toContain('"GET"');
});

it("goes where it is sent", async () => {
  expect(await read("/moved", { method: "POST", body: "again" })).toMatchObject({ body: "again" });
});

it("fails when an answer breaks off, when nobody answers, and when it is given up", async () => {
  const half = await fetch(`${url}/broken`, {});
  await expect(half.text()).rejects.toMatchObject({ code: "ECONNRESET" });
  await expect(fetch("http://127.0.0.1:1/", {})).rejects.toMatchObject({ code: "ECONNREFUSED" });
  const giveUp = new AbortController();
  const never = fetch(`${url}/never`, { signal: giveUp.signal });
  giveUp.abort();
  await expect(never).rejects.toMatchObject({ name: "AbortError" });
});
