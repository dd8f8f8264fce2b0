/** In charge of the development issuer's tokens: whatever claims are asked for, under its own name and for a time. */
import { type JWTPayload, SignJWT } from "jose";
import { posternError } from "../../base/error.ts";
import { type DevKey, devAlgorithm, devIssuerUrl } from "./dev-key.ts";

export interface DevTokenRequest {
  subject: string;
  claims: Record<string, unknown>;
  expiresInSeconds: number;
}

export const defaultExpirySeconds = 3_600;
const longestExpirySeconds = 366 * 86_400;
const ownClaims = ["iss", "iat", "exp", "sub"];

/** @throws Y1001 for claims that are the issuer's to make, and for what Postern would never take */
export async function signDevToken(
  key: DevKey,
  { subject, claims, expiresInSeconds }: DevTokenRequest,
): Promise<string> {
  const taken = ownClaims.find((name) => Object.hasOwn(claims, name));
  if (taken !== undefined) throw posternError("Y1001", `The claim ${taken} is set by the issuer itself.`);
  if (subject === "" || subject.length > 255) {
    throw posternError("Y1001", "The subject (sub) is empty or longer than 255 characters.");
  }
  if (
    !Number.isInteger(expiresInSeconds) ||
    expiresInSeconds < 1 ||
    expiresInSeconds > longestExpirySeconds
  ) {
    throw posternError("Y1001", "A token holds for at least a second and at most a year.");
  }
  const now = Math.floor(Date.now() / 1000);
  const payload: JWTPayload = {
    ...claims,
    iss: devIssuerUrl(key.port),
    sub: subject,
    iat: now,
    exp: now + expiresInSeconds,
  };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: devAlgorithm, kid: key.kid, typ: "JWT" })
    .sign(key.privateKey);
}
