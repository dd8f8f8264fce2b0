/** In charge of finding a TCP port that nothing listens on. */
import { createServer } from "node:net";
import { posternError } from "../base/error.ts";

/** The first port from `from` on that is free and not in `taken`. @throws Y0004 */
export async function freePort(from: number, taken: ReadonlySet<number>, listen: string): Promise<number> {
  for (let port = from; port < 65_536; port += 1) {
    if (!taken.has(port) && (await canListen(port, listen))) return port;
  }
  throw posternError("Y0004", `No free port from ${from} on.`);
}

/** Any free port, chosen by the operating system. */
export function anyFreePort(listen: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, listen, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

export function canListen(port: number, listen: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, listen, () => server.close(() => resolve(true)));
  });
}
