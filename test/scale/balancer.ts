/** In charge of a balancer of TCP connections for a test: each goes to the next place that takes it. */
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Place {
  host: string;
  port: number;
}

export async function startBalancer(
  listen: string,
  places: readonly Place[],
): Promise<{ port: number; close(): void }> {
  let turn = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.once("close", () => sockets.delete(client)).on("error", () => client.destroy());
    const first = turn++;
    const attempt = (tried: number): void => {
      const place = places[(first + tried) % places.length];
      if (tried === places.length || !place) return void client.destroy();
      const onward = connect(place);
      const timer = setTimeout(() => onward.destroy(new Error("no answer in time")), 1_000);
      onward.once("error", () => {
        clearTimeout(timer);
        attempt(tried + 1);
      });
      onward.once("connect", () => {
        clearTimeout(timer);
        onward.removeAllListeners("error");
        onward.on("error", () => client.destroy()).on("close", () => client.destroy());
        client.on("close", () => onward.destroy());
        client.pipe(onward).pipe(client);
      });
    };
    attempt(0);
  });
  await listening(server, listen);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const listening = (server: Server, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject).listen(0, host, resolve);
  });
