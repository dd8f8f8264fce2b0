import { connect, createServer, type Server } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describePortHolder, findPortHolder } from "../../../src/base/port-holder.ts";

let server: Server;
let port: number;

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

it("names the process that listens on a port", async () => {
  expect(await findPortHolder(port)).toMatchObject({ pid: process.pid });
  expect(await describePortHolder(port)).toMatch(new RegExp(`^process ${process.pid} \\(.*node`));
});

it("names, in errors, also one that has gone out by it, which others cannot listen on either", async () => {
  const client = connect(port, "127.0.0.1");
  await new Promise<void>((resolve) => client.once("connect", resolve));
  const local = client.localPort!;
  expect(await findPortHolder(local)).toBeUndefined();
  expect(await describePortHolder(local)).toContain(`process ${process.pid} `);
  client.destroy();
});

it("knows nobody where nobody is", async () => {
  expect(await findPortHolder(1)).toBeUndefined();
  expect(await describePortHolder(1)).toBe("another program");
});
