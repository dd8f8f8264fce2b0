/** In charge of handing requests on to the daemon over its unix socket, as they came, with the address they came from. */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { describePeer, peerHeader } from "../../http/peer-address.ts";
import { leftOut, passAnswer, passedOn } from "../pass-on.ts";

const dropped = leftOut(peerHeader);

export class DaemonProxy {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = "GET", url = "/" } = request;
    const headers = [...passedOn(request.rawHeaders, dropped), peerHeader, describePeer(request)];
    // HTTP/1.0, as load balancers ask how we are: it is passed on as HTTP/1.1, which has one.
    if (request.headers.host === undefined) headers.push("host", "");
    const hasBody =
      request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined;
    if (request.headers["transfer-encoding"] !== undefined) headers.push("transfer-encoding", "chunked");
    const onward = httpRequest({
      socketPath: this.#socketPath,
      agent: this.#agent,
      method,
      path: url,
      headers,
      setHost: false,
    });
    onward.on("response", (answer) => passAnswer(answer, response, dropped));
    onward.on("error", () => refuse(response));
    response.on("close", () => {
      if (!response.writableFinished) onward.destroy();
    });
    if (hasBody) request.pipe(onward);
    else onward.end();
  }

  /** To a WebSocket: the daemon takes it or closes the connection, so nothing behind this is ever read as a request. */
  passUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    // The daemon sees a unix socket only: whether the client is still there has to be found out here.
    socket.setKeepAlive(true, 60_000);
    const onward = connect(this.#socketPath);
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      if (request.rawHeaders[at]!.toLowerCase() !== peerHeader)
        lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
    lines.push(`${peerHeader}: ${describePeer(request)}`);
    onward.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
    if (head.length > 0) onward.write(head);
    onward.pipe(socket);
    socket.pipe(onward);
    const end = () => {
      socket.destroy();
      onward.destroy();
    };
    for (const side of [onward, socket]) side.on("error", end).on("close", end);
  }
}

/** The daemon is gone, or going. */
function refuse(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify({
    code: "Y0005",
    message: "Postern is stopping.",
    hint: "Try again in a moment.",
  });
  response.writeHead(503, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "retry-after": "1",
  });
  response.end(body);
}
