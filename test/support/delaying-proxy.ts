/** In charge of a socket in front of Postgres's that holds back cancel requests until a test lets them through. */
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { socketPath, type WireAddress } from "../../src/postgres/wire/wire-connection.ts";

const cancelRequestCode = 80_877_102;

export interface DelayingProxy {
  /** To be used in place of the server's. */
  address: WireAddress;
  /** Cancel requests that are held back. */
  readonly held: number;
  /** Lets through those that are held back; resolves when the server has answered them. */
  release(): Promise<void>;
  close(): Promise<void>;
}

export async function startDelayingProxy(server: WireAddress): Promise<DelayingProxy> {
  const host = await mkdtemp(join(tmpdir(), "pxy-"));
  const address = { host, port: server.port };
  const sockets = new Set<Socket>();
  const held: (() => Promise<void>)[] = [];
  const follow = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const listener = createServer((client) => {
    follow(client);
    client.once("data", (first: Buffer) => {
      client.pause();
      const forward = () =>
        new Promise<void>((resolve) => {
          const onward = createConnection(socketPath(server));
          follow(onward);
          onward.on("close", () => {
            client.destroy();
            resolve();
          });
          client.on("close", () => onward.destroy());
          onward.write(first);
          onward.pipe(client);
          client.pipe(onward);
        });
      if (first.length === 16 && first.readInt32BE(4) === cancelRequestCode) held.push(forward);
      else void forward();
    });
  });
  await new Promise<void>((resolve) => listener.listen(socketPath(address), resolve));
  return {
    address,
    get held() {
      return held.length;
    },
    async release() {
      await Promise.all(held.splice(0).map((forward) => forward()));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
      await rm(host, { recursive: true, force: true });
    },
  };
}
