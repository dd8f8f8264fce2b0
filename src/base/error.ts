/** In charge of making Postern's errors: one constructor, a code of the table, and the reason within reach. */
import { PosternError, type PosternErrorInit } from "@postern/sdk/error";
import type { PosternCode } from "./error-codes.ts";

export { PosternError };

/** Makes an error of Postern's own table. */
export function posternError(code: PosternCode, message: string, init: PosternErrorInit = {}): PosternError {
  return new PosternError(code, message, init);
}

/** Whatever was thrown, as a PosternError: what is not one already is Postern's own fault (Y9001). */
export function asPosternError(thrown: unknown): PosternError {
  if (thrown instanceof PosternError) return thrown;
  return new PosternError("Y9001", "Postern failed in a way that it did not expect.", {
    detail: messageOf(thrown),
    hint: "Run `postern logs` for the full story; please report it if it happens again.",
    cause: thrown,
  });
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Does a thrown value carry this code? Works for Node's system errors, Postgres's and Postern's alike. */
export function hasCode(thrown: unknown, ...codes: string[]): boolean {
  const code = (thrown as { code?: unknown } | null)?.code;
  return typeof code === "string" && codes.includes(code);
}
