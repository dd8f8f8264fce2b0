/** In charge of a web site for tests: fixed files at an origin that is not Postern's. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface PageServer {
  /** `http://127.0.0.1:port` */
  origin: string;
  close(): Promise<void>;
}

/** Files by their paths; `/` is an empty page unless it is among them. */
export async function startPageServer(files: Record<string, URL> = {}): Promise<PageServer> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    const file = files[pathname];
    if (file === undefined && pathname !== "/") return void response.writeHead(404).end();
    const type = pathname.endsWith(".mjs") ? "text/javascript" : "text/html; charset=utf-8";
    const content = file ? await readFile(file) : "<!doctype html><title>Page</title>";
    response.writeHead(200, { "content-type": type }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
