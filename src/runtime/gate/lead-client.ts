/** In charge of a client that is led to its server: one connection for each, bytes both ways, nothing looked at. */
import { connect, type IpcNetConnectOpts, type Socket, type TcpNetConnectOpts } from "node:net";

export type Upstream = TcpNetConnectOpts | IpcNetConnectOpts;

/** A side that does not close once the other has is cut off after this long. */
const farewellMs = 5_000;

/** Resolves with false when nobody listens there; the client is as it was. */
export function leadClient(client: Socket, upstream: Upstream): Promise<boolean> {
  return new Promise((resolve) => {
    const server = connect({ ...upstream, allowHalfOpen: true, noDelay: true });
    const leave = () => server.destroy();
    client.once("close", leave);
    server.once("error", () => {
      client.removeListener("close", leave);
      resolve(false);
    });
    server.once("connect", () => {
      server.removeAllListeners("error");
      splice(client, server);
      resolve(true);
    });
    server.once("close", () => resolve(true));
  });
}

/** Bytes both ways until both have ended. */
export function splice(client: Socket, server: Socket): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on("error", () => to.destroy());
    from.once("close", () => {
      const timer = setTimeout(() => to.destroy(), farewellMs).unref();
      to.once("close", () => clearTimeout(timer));
      to.end();
    });
    from.pipe(to);
  }
}
