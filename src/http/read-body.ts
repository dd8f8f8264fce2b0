/** In charge of reading request bodies: JSON in UTF-8, and nothing else. */
import { isUtf8 } from "node:buffer";
import { messageOf, posternError } from "../base/error.ts";
import type { HttpApp } from "./http-app.ts";

export function readBodies(app: HttpApp): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, body, done) => {
    done(null, parseJson(body as Buffer));
  });
}

/** An empty body is none, so that a client which always sends a content type can call routes without one. */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  // Decoding would replace what is not UTF-8 by U+FFFD: data changed without a word.
  if (!isUtf8(body)) throw posternError("Y1002", "The body is not valid UTF-8.");
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw posternError("Y1002", "The body is not valid JSON.", { detail: messageOf(error) });
  }
}

export const bodyTooLarge = () =>
  posternError("Y1004", "The request's body is too large.", { hint: "Send less at a time." });
