/** In charge of SCRAM-SHA-256 (RFC 5802, RFC 7677) as Postgres speaks it: keys from passwords, and the client's messages. */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

/**
 * The iterations are the server's to name, and with `ALTER ROLE … PASSWORD` a tenant's: no more of them are worked off
 * than this, 25 times Postgres's default.
 */
const mostIterations = 100_000;

const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest();

const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const mappedToNothing =
  /\u00ad|\u034f|\u1806|\u180b|\u180c|\u180d|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g;

/** The part of SASLprep (RFC 4013) that changes bytes; like Postgres it lets pass what SASLprep forbids. */
const prepare = (password: string) =>
  password.replace(otherSpaces, " ").replace(mappedToNothing, "").normalize("NFKC");

/** Costs milliseconds of a processor, but none of the event loop's. @throws when there are too many iterations. */
async function saltPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  if (!(iterations >= 1 && iterations <= mostIterations)) {
    throw new Error(`SCRAM with ${iterations} iterations; at most ${mostIterations} are accepted.`);
  }
  return derive(prepare(password), salt, iterations, 32, "sha256");
}

const verifierPattern =
  /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/** Is this the password of a verifier as pg_authid holds it? Of one that is no SCRAM verifier, none is. */
export async function verifyPassword(password: string, verifier: string): Promise<boolean> {
  const [, iterations, salt, storedKey] = verifierPattern.exec(verifier) ?? [];
  if (iterations === undefined || Number(iterations) > mostIterations) return false;
  const salted = await saltPassword(password, Buffer.from(salt!, "base64"), Number(iterations));
  return timingSafeEqual(sha256(hmac(salted, "Client Key")), Buffer.from(storedKey!, "base64"));
}

export interface ScramClient {
  /** What the client says first. */
  readonly first: string;
  /** The client's answer to the server's first message. @throws when that message is none. */
  answer(serverFirst: string): Promise<string>;
  /** Does the server's last message prove that it knows the password too? */
  isProof(serverFinal: string): boolean;
}

const serverFirstPattern = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=(\d{1,10})$/;

/** Postgres takes the user's name from the start-up packet; it is left empty here. */
export function createScramClient(password: string, nonce = randomBytes(18).toString("base64")): ScramClient {
  const bare = `n=,r=${nonce}`;
  let serverSignature = "";
  return {
    first: `n,,${bare}`,
    async answer(serverFirst) {
      const [, serverNonce, salt, iterations] = serverFirstPattern.exec(serverFirst) ?? [];
      if (!serverNonce?.startsWith(nonce) || serverNonce === nonce) {
        throw new Error("The server's first SCRAM message is malformed.");
      }
      const salted = await saltPassword(password, Buffer.from(salt!, "base64"), Number(iterations));
      const clientKey = hmac(salted, "Client Key");
      const withoutProof = `c=biws,r=${serverNonce}`;
      const signed = `${bare},${serverFirst},${withoutProof}`;
      const signature = hmac(sha256(clientKey), signed);
      const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
      serverSignature = hmac(hmac(salted, "Server Key"), signed).toString("base64");
      return `${withoutProof},p=${proof.toString("base64")}`;
    },
    isProof: (serverFinal) => serverSignature !== "" && serverFinal === `v=${serverSignature}`,
  };
}
