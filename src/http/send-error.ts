/** In charge of answering with errors: the one place where what was thrown below is caught and becomes a body. */
import type { Socket } from "node:net";
import type { ErrorBody } from "@postern/sdk/protocol";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { PosternError, posternError } from "../base/error.ts";
import { httpStatusOf, isOwnFault } from "../base/error-codes.ts";
import type { Observe } from "../base/observation.ts";
import { bodyTooLarge } from "./read-body.ts";
import { readOn } from "./read-on.ts";

/** `status` only where the code's own would say too little. */
export type SendError = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  status?: number,
) => void;

export function createSendError(observe: Observe): SendError {
  return (thrown, request, reply, givenStatus) => {
    const body = describeError(thrown, request, observe);
    const status = givenStatus ?? httpStatusOf(body.code);
    if (status === 401) reply.header("www-authenticate", "Bearer");
    if ((status === 503 || status === 429) && !reply.hasHeader("retry-after"))
      reply.header("retry-after", "1");
    reply.code(status).type("application/json; charset=utf-8");
    readOn(request.raw, () => {
      keepConnection(request, reply);
      reply.send(JSON.stringify(body));
    });
  };
}

/** The framework would close it after every bad body, but where nothing more is to come there is no need to. */
export function keepConnection(request: FastifyRequest, reply: FastifyReply): void {
  if (request.raw.complete) reply.removeHeader("connection");
}

/** The body for whatever was thrown; what nobody expected is logged with its cause and not shown. */
export function describeError(thrown: unknown, request: FastifyRequest, observe: Observe): ErrorBody {
  const error = publicError(thrown);
  if (isOwnFault(error.code)) {
    observe({ type: "fault", where: `${request.method} ${request.routeOptions.url ?? ""}`, error: thrown });
  }
  request.errorCode = error.code;
  return { ...error.toBody(), request_id: request.id };
}

/** What may be shown of whatever was thrown. */
export function publicError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError && !isOwnFault(thrown.code)) return thrown;
  return (
    frameworkError(thrown as Partial<FastifyError>) ??
    posternError("Y9001", "Postern failed in a way that it did not expect.", {
      hint: "Run `postern logs` for the full story; please report it if it happens again.",
    })
  );
}

/** Refusals of the HTTP framework, in Postern's words. */
function frameworkError({ code, statusCode }: Partial<FastifyError>): PosternError | undefined {
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return bodyTooLarge();
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return posternError("Y1003", "The body's content type is not supported.", {
        hint: "Send JSON with `content-type: application/json`.",
      });
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return posternError("Y1001", "The body is not as long as content-length says.");
    case "FST_ERR_BAD_URL":
      return posternError("Y1001", "The request's path is not a valid URL path.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return posternError("Y1005", "There is nothing at a path of this length.");
    default:
      // A body that breaks off: its sender has gone, and nobody reads this.
      return statusCode === 400 ? posternError("Y1001", "The request could not be read.") : undefined;
  }
}

/** Answers what never became a request: HTTP that cannot be parsed, headers or bodies that do not come to an end. */
export function sendClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const { statusLine, body } = describeClientError(error.code);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}

function describeClientError(code: string | undefined): { statusLine: string; body: ErrorBody } {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return {
        statusLine: "408 Request Timeout",
        body: { code: "Y1016", message: "The request did not arrive in time." },
      };
    case "HPE_HEADER_OVERFLOW":
      return {
        statusLine: "431 Request Header Fields Too Large",
        body: { code: "Y1001", message: "The request's headers are larger than 16 KiB." },
      };
    default:
      return {
        statusLine: "400 Bad Request",
        body: { code: "Y1001", message: "This is not a valid HTTP request." },
      };
  }
}
