/** In charge of saying no to an upgrade, in plain HTTP, where there is no response object any more. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { PosternError } from "../base/error.ts";
import { httpStatusOf } from "../base/error-codes.ts";

export function refuseUpgrade(socket: Socket, error: PosternError, requestId: string): void {
  const status = httpStatusOf(error.code);
  const body = JSON.stringify({ ...error.toBody(), request_id: requestId });
  socket.on("error", () => {});
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nx-request-id: ${requestId}\r\nconnection: close\r\n\r\n${body}`,
  );
  // Whoever keeps sending is not listened to for long.
  socket.setTimeout(5_000, () => socket.destroy()).resume();
}
