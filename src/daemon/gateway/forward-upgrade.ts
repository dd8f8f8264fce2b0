/** In charge of leading a WebSocket on to a control plane: bytes both ways once it has the request. */
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { posternError } from "../../base/error.ts";
import { isLoopback } from "../../base/listen.ts";
import { peerOf } from "../../http/peer-address.ts";
import { refuseUpgrade } from "../../http/refuse-upgrade.ts";
import { requestIdOf } from "../../http/request-id.ts";
import { passedOn } from "../pass-on.ts";
import type { ControlEndpoint } from "./control-endpoint.ts";
import { dropped } from "./forward-request.ts";

const connectWithinMs = 3_000;

export async function forwardUpgrade(
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
  { endpoints, insecure }: { endpoints(): ControlEndpoint[]; insecure: boolean },
): Promise<void> {
  client.on("error", () => client.destroy());
  const { address, isEncrypted } = peerOf(request);
  if (!isEncrypted && !insecure && !isLoopback(address.replace(/^::ffff:/, ""))) {
    const refusal = posternError("Y1021", "Unencrypted ws:// is for this machine only.", {
      hint: "The database's password would be readable on the way: use wss://.",
    });
    return refuseUpgrade(client, refusal, requestIdOf(request));
  }
  for (const endpoint of endpoints()) {
    const onward = await dial(endpoint).catch(() => undefined);
    if (!onward) continue;
    lead(request, client, head, onward);
    return;
  }
  const without = posternError("Y8051", "This gateway has no control plane to ask at the moment.", {
    hint: "Try again in a moment.",
  });
  refuseUpgrade(client, without, requestIdOf(request));
}

function dial({ host, port, tls }: ControlEndpoint): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls
      ? connectTls({
          host,
          port,
          ...(tls.servername !== undefined && { servername: tls.servername }),
          ...(tls.ca && { ca: tls.ca }),
        })
      : connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error("no connection in time")), connectWithinMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once(tls ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function lead(request: IncomingMessage, client: Socket, head: Buffer, onward: Socket): void {
  const lines = [`${request.method} ${request.url} HTTP/1.1`];
  const headers = passedOn(request.rawHeaders, dropped);
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  lines.push("connection: Upgrade", `upgrade: ${request.headers.upgrade}`);
  onward.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  if (head.length > 0) onward.write(head);
  onward.pipe(client);
  client.pipe(onward);
  const end = () => {
    client.destroy();
    onward.destroy();
  };
  for (const side of [onward, client]) side.on("error", end).on("close", end);
}
