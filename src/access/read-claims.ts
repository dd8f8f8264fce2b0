/** In charge of turning the payload of a verified JWT into claims that Postgres can hold and policies can rely on. */
import type { JWTPayload } from "jose";
import type { VerifiedClaims } from "./principal.ts";

/** How far the clocks of issuer and Postern may be apart. */
export const skewSeconds = 5;
/** They travel with every statement. */
const mostClaimsBytes = 4 * 1024;
const longestSubject = 255;

/** JSON can say it and jsonb cannot hold it: NUL, and halves of characters. */
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/**
 * The text is written anew from what was parsed, so nothing of the token's own spelling is left: no key is there twice,
 * and no control character stands unescaped. @throws a plain error that says what is wrong
 */
export function readClaims(payload: JWTPayload, now: Date): VerifiedClaims {
  const { sub, exp, iat } = payload;
  if (typeof sub !== "string" || sub === "") throw new Error("its sub is no text");
  if (sub.length > longestSubject || /[\x00-\x1f\x7f-\x9f]/.test(sub))
    throw new Error("its sub is too long or unprintable");
  if (!Number.isFinite(exp)) throw new Error("its exp is no moment");
  if (iat !== undefined && iat > now.getTime() / 1000 + skewSeconds)
    throw new Error("it was issued in the future");
  const json = JSON.stringify(payload);
  if (Buffer.byteLength(json) > mostClaimsBytes) throw new Error("its claims are too long");
  if (unstorable.test(json)) throw new Error("its claims have characters that Postgres cannot hold");
  return { subject: sub, expiresAt: exp!, json };
}
