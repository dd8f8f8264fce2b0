import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openConnection } from "../../../../src/postgres/wire/open-connection.ts";

/** What no real server of Postern's does: another authentication, silence, an answer that drips. */
let folder: string;
let server: Server;
const sockets = new Set<Socket>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pw-"));
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

async function serve(onStartup: (socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => onStartup(socket));
  });
  await new Promise<void>((resolve) => server.listen(join(folder, ".s.PGSQL.5432"), resolve));
}

const open = (timeoutMs = 5_000) =>
  openConnection({ host: folder, port: 5432, user: "u", database: "d", settings: {}, timeoutMs });

const authenticationOk = "520000000800000000";
const keyData = "4b0000000c0000002a00000007";
const ready = "5a0000000549";

describe("openConnection", () => {
  it("reads an answer that comes byte by byte", async () => {
    await serve(async (socket) => {
      socket.setNoDelay(true);
      for (const byte of Buffer.from(authenticationOk + keyData + ready, "hex")) {
        socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const connection = await open();
    expect([connection.processId, connection.secretKey]).toEqual([42, 7]);
    connection.close();
  });

  it("refuses a server that asks for a password, with Y4001", async () => {
    await serve((socket) =>
      socket.write(Buffer.from("52000000170000000a534352414d2d5348412d3235360000", "hex")),
    );
    await expect(open()).rejects.toMatchObject({
      code: "Y4001",
      message: expect.stringContaining("asks Postern for a password"),
    });
  });

  it("gives up on a server that never answers, with Y4001", async () => {
    await serve(() => {});
    await expect(open(50)).rejects.toMatchObject({ code: "Y4001" });
  });

  it("says what Postgres refused with", async () => {
    const error = Buffer.from("SFATAL\0VFATAL\0C3D000\0Mno such database\0\0");
    const head = Buffer.alloc(5, "E");
    head.writeUInt32BE(error.length + 4, 1);
    await serve((socket) => socket.end(Buffer.concat([head, error])));
    await expect(open()).rejects.toMatchObject({ code: "3D000", message: "no such database" });
  });
});
