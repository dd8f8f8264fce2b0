/** The relay to a registered server, where a load balancer stands between. */
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Relay } from "../../../src/runtime/relay/relay.ts";
import { type RegisteredServer, startRegisteredServer } from "../../support/registered-server.ts";

let server: RegisteredServer;
let directory: string;
let balancer: Server;
let relay: Relay;
let toHold = 0;
const held: Socket[] = [];

beforeAll(async () => {
  server = await startRegisteredServer("limited");
  directory = await mkdtemp(join(tmpdir(), "pn-relay-"));
  balancer = createServer((client) => {
    client.on("error", () => {});
    if (toHold > 0) {
      toHold -= 1;
      held.push(client.resume());
      return;
    }
    const upstream = connect(server.port, "127.0.0.1");
    upstream.on("error", () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => balancer.listen(0, "127.0.0.1", resolve));
  const { port } = balancer.address() as AddressInfo;
  const password = decodeURIComponent(new URL(server.url()).password);
  const plan = {
    name: "held",
    directory,
    hosts: [{ host: "127.0.0.1", port }],
    tls: null,
    maintenanceDatabase: "postgres",
    aliases: {},
    logins: { boss: [password] },
    loginKey: "",
  };
  relay = new Relay(plan);
  await relay.follow(plan);
}, 60_000);
afterAll(async () => {
  relay?.close();
  for (const socket of held) socket.destroy();
  balancer?.close();
  await server?.stop();
  await rm(directory, { recursive: true, force: true });
});

it("leaves a connection that is accepted and never answered, and finds the server by another one", async () => {
  toHold = 1;
  const client = new pg.Client({ host: directory, port: 5432, user: "boss", database: "postgres" });
  await client.connect();
  try {
    expect((await client.query("select current_user as who")).rows).toEqual([{ who: "boss" }]);
    expect(held).toHaveLength(1);
  } finally {
    await client.end();
  }
  expect(held[0]!.destroyed || held[0]!.readableEnded).toBe(true);
}, 8_000);
