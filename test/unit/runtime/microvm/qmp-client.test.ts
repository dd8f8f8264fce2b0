/** Talking to QEMU, with a socket that answers as it does. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QmpClient } from "../../../../src/runtime/microvm/qmp-client.ts";

let folder: string;
let server: Server | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmp-"));
});

afterEach(async () => {
  server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

type Request = { execute: string; id: number };

/** Greets, and answers each request as `answer` says. */
async function listen(answer: (request: Request, socket: Socket) => void): Promise<string> {
  const path = join(folder, "qmp.sock");
  server = createServer((socket) => {
    socket.on("error", () => {});
    socket.write('{"QMP": {"version": {}}}\r\n');
    createInterface({ input: socket }).on("line", (line) => {
      const request = JSON.parse(line) as Request;
      if (request.execute === "qmp_capabilities") reply(socket, request, {});
      else answer(request, socket);
    });
  });
  await new Promise<void>((resolve) => server!.listen(path, resolve));
  return path;
}

const reply = (socket: Socket, { id }: Request, value: unknown) =>
  socket.write(`${JSON.stringify({ return: value, id })}\r\n`);

describe("QEMU's machine protocol", () => {
  it("gives each of several requests its own answer, in whatever order they come", async () => {
    const waiting: Request[] = [];
    const path = await listen((request, socket) => {
      waiting.push(request);
      if (waiting.length === 2)
        for (const one of waiting.toReversed()) reply(socket, one, { of: one.execute });
    });
    const client = await QmpClient.open(path);
    const answers = await Promise.all([client.run("stop"), client.run("query-status")]);
    expect(answers).toEqual([{ of: "stop" }, { of: "query-status" }]);
    client.close();
  });

  it("tells events apart from answers", async () => {
    const path = await listen((request, socket) => {
      socket.write('{"event": "STOP", "data": {"a": 1}}\r\n');
      reply(socket, request, {});
    });
    const client = await QmpClient.open(path);
    const events: unknown[] = [];
    client.on("event", (...event) => events.push(event));
    await client.run("stop");
    expect(events).toEqual([["STOP", { a: 1 }]]);
    client.close();
  });

  it("says what QEMU has against a request", async () => {
    const path = await listen(({ id }, socket) =>
      socket.write(`${JSON.stringify({ error: { class: "GenericError", desc: "no such device" }, id })}\r\n`),
    );
    const client = await QmpClient.open(path);
    await expect(client.run("eject")).rejects.toMatchObject({
      code: "Y8105",
      detail: "QEMU, eject: no such device",
    });
    client.close();
  });

  it("fails what is under way when QEMU ends, and what comes later at once", async () => {
    const path = await listen((_, socket) => socket.destroy());
    const client = await QmpClient.open(path);
    await expect(client.run("migrate")).rejects.toMatchObject({ code: "Y8105" });
    await expect(client.run("cont")).rejects.toMatchObject({ code: "Y8105" });
    expect(client.isClosed).toBe(true);
  });

  it("waits no longer than it may", async () => {
    const path = await listen(() => {});
    const client = await QmpClient.open(path);
    await expect(client.run("query-status", {}, 20)).rejects.toMatchObject({ code: "Y8105" });
    client.close();
  });

  it("does not wait for ever where nobody listens", async () => {
    await expect(QmpClient.open(join(folder, "nobody.sock"), 30)).rejects.toMatchObject({ code: "Y8105" });
  });
});
