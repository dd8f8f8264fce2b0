/** In charge of passwords of accounts: their rules, their hashes (scrypt), and checking one against the other. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { posternError } from "../base/error.ts";

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

interface Cost {
  /** Base-2 logarithm of scrypt's N. */
  logN: number;
  r: number;
  p: number;
}

/** 32 MiB and about a quarter of a second; what each hash was made with stands in it, so this may grow. */
const currentCost: Cost = { logN: 15, r: 8, p: 3 };
const keyBytes = 32;

/** scrypt of whatever was typed is slow by intent; a megabyte of it need not be hashed to be refused. */
const longestPassword = 1024;

/** @throws Y2006 for a password that is shorter than 8 characters, or absurdly long. */
export function checkPassword(password: string): void {
  if (password.length < 8) {
    throw posternError("Y2006", "The password is too short.", { hint: "Use at least 8 characters." });
  }
  if (password.length > longestPassword) {
    throw posternError("Y2006", `The password is longer than ${longestPassword} characters.`);
  }
}

/** `scrypt$<log2 N>$<r>$<p>$<salt>$<key>`, base64url. */
export async function hashPassword(password: string, cost: Cost = currentCost): Promise<string> {
  const salt = randomBytes(16);
  const key = await deriveKey(password, salt, cost);
  const { logN, r, p } = cost;
  return ["scrypt", logN, r, p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/**
 * Does the password match the hash? Without a hash (no such account, or one without a password) the answer is no, but
 * it takes as long: the time must not tell which names exist.
 */
export async function verifyPassword(password: string, hash: string | null | undefined): Promise<boolean> {
  const parsed = parseHash(hash ?? unmatchable);
  const key = await deriveKey(password.slice(0, longestPassword), parsed.salt, parsed.cost);
  return timingSafeEqual(key, parsed.key) && hash != null;
}

const unmatchable = ["scrypt", currentCost.logN, currentCost.r, currentCost.p, "AAAA", "A".repeat(43)].join(
  "$",
);

function parseHash(hash: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const match = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]{43})$/.exec(hash);
  if (!match) throw posternError("Y9001", "A password's hash has a form that Postern does not know.");
  const [, logN, r, p, salt, key] = match as unknown as string[];
  return {
    cost: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt!, "base64url"),
    key: Buffer.from(key!, "base64url"),
  };
}

function deriveKey(password: string, salt: Buffer, { logN, r, p }: Cost): Promise<Buffer> {
  const N = 2 ** logN;
  // The same characters can be typed as different code points on different keyboards.
  return derive(password.normalize("NFKC"), salt, keyBytes, { N, r, p, maxmem: 256 * N * r });
}
