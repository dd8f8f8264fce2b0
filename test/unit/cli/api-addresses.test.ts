/** Several addresses of one API: real servers on loopback, of which some are gone. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { apiAddresses, fetchFromSeveral } from "../../../src/cli/api-addresses.ts";
import { fetchAnswer } from "../../../src/cli/fetch-answer.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** @param behave the status that it answers with, or `cut`: the connection breaks behind the request */
async function start(behave: { status: number | "cut" }): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (behave.status === "cut") request.socket.destroy();
    else response.writeHead(behave.status).end(`of ${request.headers.host}`);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const gone = async (): Promise<string> => {
  const { url } = await start({ status: 200 });
  await new Promise((resolve) => servers.pop()!.close(resolve));
  return url;
};

it("reads addresses by commas, without what is behind them", () => {
  expect(apiAddresses(" https://a.example/, https://b.example ,")).toEqual([
    "https://a.example",
    "https://b.example",
  ]);
  expect(apiAddresses("")).toEqual([]);
});

it("asks the next where one is gone, whatever is asked, and stays with whoever answered", async () => {
  const [first, second] = [await gone(), await start({ status: 200 })];
  const fetch = fetchFromSeveral(fetchAnswer({ connectWithinMs: 1_000 }), [first, second.url]);
  for (const method of ["GET", "POST"])
    expect((await fetch(`${first}/v1/x?y=1`, { method })).url).toBe(`${second.url}/v1/x?y=1`);
  expect(second.asked).toEqual(["GET /v1/x?y=1", "POST /v1/x?y=1"]);
});

it("repeats nothing that may have been done, and reads again what can be read again", async () => {
  const [first, second] = [await start({ status: "cut" }), await start({ status: 200 })];
  const fetch = fetchFromSeveral(fetchAnswer(), [first.url, second.url]);
  await expect(fetch(`${first.url}/v1/x`, { method: "POST" })).rejects.toThrow();
  expect(second.asked).toEqual([]);
  expect((await fetch(`${first.url}/v1/x`, { method: "GET" })).status).toBe(200);
});

it("looks whether another can answer what one cannot now, and tells so where none can", async () => {
  const behaviour = { status: 200 };
  const [first, second] = [await start({ status: 503 }), await start(behaviour)];
  const fetch = fetchFromSeveral(fetchAnswer(), [first.url, second.url]);
  expect((await fetch(`${first.url}/v1/x`, {})).status).toBe(200);
  behaviour.status = 503;
  expect((await fetch(`${first.url}/v1/x`, {})).status).toBe(503);
  expect(first.asked).toHaveLength(2);
});

it("leaves other addresses alone", async () => {
  const other = await start({ status: 200 });
  const fetch = fetchFromSeveral(fetchAnswer(), [await gone(), await gone()]);
  expect((await fetch(`${other.url}/v1/x`, {})).status).toBe(200);
});
