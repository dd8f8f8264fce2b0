/**
 * In charge of logins by user and password, as a connection URL holds them, for requests that never reach the server's own
 * check. What counts is what the server itself would accept now: the owner may have changed the password with SQL.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { PosternError, posternError } from "../base/error.ts";
import type { DatabaseId } from "../base/id.ts";
import { verifyPassword } from "../postgres/scram.ts";
import type { DatabasePrincipal } from "./principal.ts";
import type { LoginFacts, ReadLogin } from "./read-login.ts";

export interface LoginAttempt {
  user: string;
  password: string;
  /** The database's name inside Postgres. */
  database: string;
  /** The database that the host names, if it names one. */
  databaseId?: string | undefined;
  callerAddress?: string | undefined;
}

/** Slows down those who guess. */
export interface LoginLimiter {
  /** Uses up an attempt; 0, or how many seconds to wait for the next. */
  take(key: string): number;
  giveBack(key: string): void;
}

interface Remembered {
  askedAt: number;
  facts: Promise<LoginFacts | undefined>;
  /** Asked again ahead of time, so that a busy database's requests do not wait for it. */
  next?: Remembered;
}

const freshMs = 1_000;
const renewAfterMs = 500;
/** Users are the caller's to make up: what is remembered of them must not grow without end. */
const mostRemembered = 10_000;

/** Of nobody: an unknown user costs the time that a known one costs. */
const nobodysVerifier =
  "SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

export class LoginAuthenticator {
  readonly #read: ReadLogin;
  readonly #limiter: LoginLimiter;
  readonly #nowMs: () => number;
  readonly #remembered = new Map<string, Remembered>();
  /** The right password of a verifier, as a hash under a key that only this process has. */
  readonly #proven = new Map<string, { verifier: string; digest: Buffer }>();
  /** Wrong ones, likewise: an application with yesterday's password is no guesser, and costs nothing. */
  readonly #refused = new Set<string>();
  readonly #proving = new Map<string, Promise<boolean>>();
  readonly #key = randomBytes(32);

  constructor(read: ReadLogin, limiter: LoginLimiter, nowMs: () => number = () => performance.now()) {
    this.#read = read;
    this.#limiter = limiter;
    this.#nowMs = nowMs;
  }

  /** @throws 28P01 the same for an unknown user and a wrong password; 3D000; Y1018 */
  async authenticate(attempt: LoginAttempt): Promise<DatabasePrincipal> {
    const { user, database, databaseId } = attempt;
    const facts = await this.#factsOf(user);
    const isProven = await this.#isProven(attempt, facts?.verifier ?? nobodysVerifier);
    if (!facts || !isProven || (databaseId !== undefined && databaseId !== facts.databaseId)) {
      throw new PosternError("28P01", `password authentication failed for user "${user}"`);
    }
    if (database !== facts.databaseName)
      throw new PosternError("3D000", `database "${database}" does not exist`);
    return { kind: "database", databaseId: facts.databaseId as DatabaseId };
  }

  async #isProven({ user, password, callerAddress = "" }: LoginAttempt, verifier: string): Promise<boolean> {
    const digest = createHmac("sha256", this.#key).update(`${verifier}\0${password}`).digest();
    const proven = this.#proven.get(user);
    if (proven?.verifier === verifier && timingSafeEqual(proven.digest, digest)) return true;
    const name = `${user} ${digest.toString("base64")}`;
    if (this.#refused.has(name)) return false;
    const proving = this.#proving.get(name) ?? this.#prove(user, password, verifier, callerAddress);
    this.#proving.set(name, proving);
    try {
      if (await proving) {
        if (this.#proven.size >= mostRemembered) this.#proven.clear();
        this.#proven.set(user, { verifier, digest });
        return true;
      }
      if (this.#refused.size >= mostRemembered) this.#refused.clear();
      this.#refused.add(name);
      return false;
    } finally {
      if (this.#proving.get(name) === proving) this.#proving.delete(name);
    }
  }

  async #prove(user: string, password: string, verifier: string, address: string): Promise<boolean> {
    const key = `${user} ${address}`;
    const waitSeconds = this.#limiter.take(key);
    if (waitSeconds > 0) {
      throw posternError("Y1018", "Too many attempts.", { hint: `Try again in ${waitSeconds} s.` });
    }
    const isRight = await verifyPassword(password, verifier);
    if (isRight) this.#limiter.giveBack(key);
    return isRight;
  }

  #factsOf(user: string): Remembered["facts"] {
    const now = this.#nowMs();
    let entry = this.#remembered.get(user);
    if (entry && now - entry.askedAt >= freshMs) entry = entry.next;
    if (!entry || now - entry.askedAt >= freshMs) entry = this.#ask(user, now);
    else if (now - entry.askedAt >= renewAfterMs) entry.next ??= this.#ask(user, now);
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    this.#remembered.set(user, entry);
    return entry.facts;
  }

  #ask(user: string, askedAt: number): Remembered {
    const entry: Remembered = { askedAt, facts: this.#read(user) };
    // A failed look-up is told to those who wait for it, and asked again by the next.
    entry.facts.catch(() => {
      entry.askedAt = Number.NEGATIVE_INFINITY;
    });
    return entry;
  }
}
