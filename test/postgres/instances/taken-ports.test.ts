/** Ports that another program has: servers take others where no URL names them, and say who has theirs where one does. */
import { createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { newInstanceId } from "../../../src/base/id.ts";
import { choosePorts } from "../../../src/daemon/choose-ports.ts";
import { keepServer } from "../../../src/instances/keep-server.ts";
import {
  ensureReserved,
  provisionInstance,
  removeInstance,
} from "../../../src/instances/provision-instance.ts";
import { serverDoor } from "../../../src/instances/server-door.ts";
import { serverSpec } from "../../../src/instances/server-spec.ts";
import { findInstance, type InstanceRow } from "../../../src/state/instances.ts";
import { type PlatformFixture, startPlatformFixture } from "../../support/platform-fixture.ts";
import { waitUntil } from "../../support/wait-until.ts";

let fixture: PlatformFixture;
const others: Server[] = [];

beforeAll(async () => {
  fixture = await startPlatformFixture();
});
afterEach(leave);
afterAll(() => fixture.close());

/** As another program would. */
async function occupy(...ports: number[]): Promise<void> {
  for (const port of ports) {
    const server = createServer((socket) => socket.destroy());
    others.push(server);
    await waitUntil(
      `port ${port} can be had`,
      () =>
        new Promise((resolve) => {
          server.once("error", () => resolve(false));
          server.listen(port, "127.0.0.1", () => resolve(true));
        }),
    );
  }
}

async function leave(): Promise<void> {
  for (const server of others.splice(0)) await new Promise((resolve) => server.close(resolve));
}

const me = `process ${process.pid} (`;
const specOf = (row: InstanceRow) =>
  serverSpec(fixture.platform.config.home, row.id, row.tcp_port, row.class);

it("a server that is being made takes another port than the reserved one", async () => {
  const { platform } = fixture;
  const id = newInstanceId();
  const reserved = await ensureReserved(platform, id, "db.p2");
  await occupy(reserved.tcp_port);
  const made = await provisionInstance(platform, id, "db.p2");
  expect(made.tcp_port).not.toBe(reserved.tcp_port);
  expect(made).toEqual({ ...(await findInstance(platform.state, id)), status: "running" });
  expect(platform.supervisor.list()).toContainEqual(expect.objectContaining({ name: id, status: "running" }));
  await removeInstance(platform, id);
});

it("so does one that is to sleep, and the gate before it", async () => {
  const { platform } = fixture;
  const id = newInstanceId();
  const reserved = await ensureReserved(platform, id, "db.p2", { sleeps: true });
  const before = [reserved.tcp_port, reserved.front_port!];
  await occupy(...before);
  const made = await provisionInstance(platform, id, "db.p2");
  expect(before).not.toContain(made.tcp_port);
  expect(before).not.toContain(made.front_port);
  expect(platform.gate.door(id)).toEqual(serverDoor(platform, made, false));
  await removeInstance(platform, id);
});

it("a server behind the gate moves when it is started again, and the gate leads there", async () => {
  const { platform } = fixture;
  const id = newInstanceId();
  const made = await provisionInstance(platform, id, "db.p2", { sleeps: true });
  platform.supervisor.release(id);
  await platform.runtime.stop(specOf(made));
  await occupy(made.tcp_port);
  await keepServer(platform, specOf(made));
  const now = (await findInstance(platform.state, id))!;
  expect(now.tcp_port).not.toBe(made.tcp_port);
  expect(now.front_port).toBe(made.front_port);
  expect(platform.gate.door(id)!.upstream.port).toBe(now.tcp_port);
  await removeInstance(platform, id);
});

it("a server whose port a URL names says who has it, and is started as soon as it is free", async () => {
  const { platform } = fixture;
  const id = newInstanceId();
  const made = await provisionInstance(platform, id, "db.p2");
  platform.supervisor.release(id);
  await platform.runtime.stop(specOf(made));
  await occupy(made.tcp_port);
  const spec = { ...specOf(made), portPatienceMs: 100 };
  await expect(platform.supervisor.keepRunning(spec)).rejects.toMatchObject({
    code: "Y4014",
    message: expect.stringContaining(`Port ${made.tcp_port} of server ${id} is taken by ${me}`),
  });
  await platform.supervisor.keepRunning(spec, { evenIfItFails: true });
  const entry = () => platform.supervisor.list().find(({ name }) => name === id)!;
  expect(entry()).toMatchObject({ status: "failed", detail: expect.stringContaining(me) });
  await leave();
  await waitUntil("it runs", async () => entry().status === "running");
  expect(await findInstance(platform.state, id)).toMatchObject({ tcp_port: made.tcp_port });
  await removeInstance(platform, id);
});

it("a gate whose port is taken opens its door all the same, and listens there as soon as it can", async () => {
  const { platform } = fixture;
  const id = newInstanceId();
  const made = await provisionInstance(platform, id, "db.p2", { sleeps: true });
  await platform.gate.drop(id);
  await occupy(made.front_port!);
  const door = serverDoor(platform, made, false);
  await expect(platform.gate.serve(door)).rejects.toMatchObject({
    code: "Y4014",
    message: expect.stringContaining(me),
  });
  await leave();
  await platform.gate.serveFailed();
  await expect(occupyNow(made.front_port!)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await removeInstance(platform, id);
});

const occupyNow = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(port, "127.0.0.1", () => server.close(() => resolve()));
  });

it("a port that Postern has chosen itself is another at the next start, and that is said", async () => {
  const { config } = fixture.platform;
  const said: string[] = [];
  const before = await choosePorts(config, (message) => said.push(message));
  expect(said).toEqual([]);
  // Those of the pooler and of the shared server are held by servers of this home itself.
  await occupy(before.http);
  const after = await choosePorts(config, (message) => said.push(message));
  expect(after).toEqual({ ...before, http: expect.any(Number) });
  expect(after.http).not.toBe(before.http);
  expect(said).toEqual([expect.stringContaining(`Port ${before.http}, for the API, is taken by ${me}`)]);
  expect(await choosePorts(config, (message) => said.push(message))).toEqual(after);
  expect(said).toHaveLength(1);
});
