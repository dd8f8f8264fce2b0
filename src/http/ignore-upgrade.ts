/**
 * In charge of requests that wish for a protocol which is not spoken here. Node hands over every request with an Upgrade
 * header once anybody listens for them; Java's client, for one, offers h2c with each plain request. They are read again
 * without the wish.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

const dropped = new Set(["upgrade", "connection", "http2-settings"]);

export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const { rawHeaders } = request;
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!dropped.has(rawHeaders[at]!.toLowerCase())) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]));
  server.emit((socket as { encrypted?: boolean }).encrypted ? "secureConnection" : "connection", socket);
}
