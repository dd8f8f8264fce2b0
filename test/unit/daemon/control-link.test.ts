/** A gateway's tie to control planes that come and go: servers that speak as they do, on loopback. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { openEndpoint } from "../../../src/daemon/gateway/control-endpoint.ts";
import { ControlLink } from "../../../src/daemon/gateway/control-link.ts";
import { waitUntil } from "../../support/wait-until.ts";

interface Plane {
  url: string;
  streams: Set<ServerResponse>;
  asked: number;
  server: Server;
}

const planes: Plane[] = [];
let link: ControlLink | undefined;

afterEach(async () => {
  await link?.stop();
  for (const { server } of planes.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** One that says `welcome`, signs of life, and answers every question with its own address. */
async function startPlane(): Promise<Plane> {
  const plane = { url: "", streams: new Set<ServerResponse>(), asked: 0 } as Plane;
  plane.server = createServer((request, response) => {
    if (!request.url!.startsWith("/v1/gateway/stream")) {
      if (request.url === "/v1/gateway/ask") plane.asked += 1;
      response.end(JSON.stringify({ value: plane.url }));
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify({ type: "welcome", rules: {} })}\n\n`);
    const timer = setInterval(() => response.write('data: {"type":"still-here"}\n\n'), 100);
    plane.streams.add(response);
    response.on("close", () => {
      clearInterval(timer);
      plane.streams.delete(response);
    });
  });
  await new Promise<void>((resolve) => plane.server.listen(0, "127.0.0.1", resolve));
  plane.url = `http://127.0.0.1:${(plane.server.address() as AddressInfo).port}`;
  planes.push(plane);
  return plane;
}

function follow(urls: string[], onWelcome: () => Promise<void> = async () => {}): ControlLink {
  link = new ControlLink({
    endpoints: urls.map((url) => openEndpoint(url, { ca: undefined, insecure: false })),
    token: "gw_test",
    self: { id: "gtw-000000000000", name: "test", version: "0", address: "", protocol: 2 },
    observe: () => {},
    onWelcome,
    onOrder: async () => {},
    onCancel: async () => {},
  });
  link.start();
  return link;
}

const kill = ({ server }: Plane) => {
  server.close();
  server.closeAllConnections();
};

it("asks the one whose stream there is, also when what an earlier one began ends later", async () => {
  const [first, second] = [await startPlane(), await startPlane()];
  const welcomes: (() => void)[] = [];
  const following = follow([first.url, second.url], () => new Promise((done) => welcomes.push(done)));
  await waitUntil("the first says welcome", async () => welcomes.length === 1);
  kill(first);
  await waitUntil("the second says welcome", async () => welcomes.length === 2);
  welcomes[1]!();
  await following.ready(5_000);
  welcomes[0]!();
  await new Promise(setImmediate);
  expect(following.endpoints()[0]!.url).toBe(second.url);
  expect(await following.ask("poolPort", "")).toBe(second.url);
});

it("goes on with the other one within a second, twice in a row", async () => {
  const [first, second] = [await startPlane(), await startPlane()];
  const following = follow([first.url, second.url]);
  await following.ready(5_000);
  const port = Number(new URL(first.url).port);
  kill(first);
  await waitUntil("it follows the second", async () => second.streams.size === 1 && following.isUp, 1_000);
  first.server.listen(port, "127.0.0.1");
  kill(second);
  await waitUntil("it follows the first", async () => first.streams.size === 1 && following.isUp, 1_000);
  expect(await following.ask("poolPort", "")).toBe(first.url);
});

it("does not wait for one that has fallen silent, but asks the other first", async () => {
  const [first, second] = [await startPlane(), await startPlane()];
  const following = follow([first.url, second.url]);
  await following.ready(5_000);
  // Nothing more comes, nothing is closed, and nobody is answered.
  first.server.removeAllListeners("request").on("request", () => {});
  const [stream] = first.streams;
  stream!.write = () => true;
  const began = performance.now();
  await waitUntil("it follows the second", async () => second.streams.size === 1 && following.isUp, 10_000);
  expect(performance.now() - began).toBeLessThan(4_500);
});
