/**
 * In charge of secrets: making them, hashing those that need only be recognised, sealing (AES-256-GCM) those that must
 * be read again, such as the password inside a connection URL.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hash,
  pbkdf2,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";

const pbkdf2Async = promisify(pbkdf2);

/** SHA-256; right for random secrets of 256 bits, which cannot be guessed, and wrong for passwords. */
export const hashSecret = (secret: string): Buffer => hash("sha256", secret, "buffer");

/** Compares digests in constant time; every candidate is looked at. */
export function findByDigest<Candidate extends { hash: Buffer }>(
  digest: Buffer,
  candidates: readonly Candidate[],
): Candidate | undefined {
  let found: Candidate | undefined;
  for (const candidate of candidates) {
    if (candidate.hash.length === digest.length && timingSafeEqual(candidate.hash, digest)) found = candidate;
  }
  return found;
}

/** 64 hex digits. */
export const newToken = (): string => randomBytes(32).toString("hex");
/** `pk_` + 64 hex digits. */
export const newApiKey = (): string => `pk_${randomBytes(32).toString("hex")}`;
/** `gw_` + 64 hex digits. */
export const newGatewayToken = (): string => `gw_${randomBytes(32).toString("hex")}`;
/** 32 characters that need no escaping in a URL. */
export const newPassword = (): string => randomBytes(24).toString("base64url");

/**
 * The SCRAM-SHA-256 verifier that Postgres and PgBouncer store (RFC 5802, RFC 7677): the password itself never travels
 * to a server, nor into its log. ASCII passwords only need no SASLprep; others are normalised as SASLprep does (NFKC).
 */
export async function scramVerifier(password: string): Promise<string> {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = await pbkdf2Async(password.normalize("NFKC"), salt, iterations, 32, "sha256");
  const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
  const storedKey = createHash("sha256").update(hmac(salted, "Client Key")).digest();
  const serverKey = hmac(salted, "Server Key");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey.toString("base64")}:${serverKey.toString("base64")}`;
}

export class Secrets {
  readonly #key: Buffer;

  /** @param key 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  /** `purpose` is bound to the sealed text: it opens only for the same purpose (for example the database's id). */
  seal(text: string, purpose: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws when the text was altered, or sealed under another key or for another purpose. */
  open(sealed: Buffer, purpose: string): string {
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, 12)).setAAD(
      Buffer.from(purpose),
    );
    decipher.setAuthTag(sealed.subarray(12, 28));
    return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString("utf8");
  }

  /** Signs; for links that carry their own permission. Hex. */
  sign(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("hex");
  }
}
