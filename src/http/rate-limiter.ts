/** In charge of how often a caller may come: each key has a bucket of tokens that refills steadily up to its burst. */
import { isIPv6 } from "node:net";
import { type Clock, systemClock } from "../base/clock.ts";
import type { RateLimit } from "../base/config.ts";

export interface Admission {
  allowed: boolean;
  /** Whole seconds until the next token; 0 when allowed. */
  retryAfterSeconds: number;
}

export interface RateLimiter {
  /** Uses up one token of the key's bucket, if there is one. */
  take(key: string): Admission;
  /** Gives a token back: what it was taken for is counted elsewhere, or not at all. */
  giveBack(key: string): void;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Keys are the caller's to make up: what is remembered of them must not grow without end. */
const mostKeys = 10_000;

const admitted: Admission = Object.freeze({ allowed: true, retryAfterSeconds: 0 });

export function createRateLimiter(
  { perSecond, burst }: RateLimit,
  clock: Clock = systemClock,
  keptKeys = mostKeys,
): RateLimiter {
  const buckets = new Map<string, Bucket>();

  function filled(key: string): Bucket {
    const nowMs = clock.now().getTime();
    const bucket = buckets.get(key) ?? { tokens: burst, filledAtMs: nowMs };
    // A clock that is set back takes no tokens away.
    const passedMs = Math.max(0, nowMs - bucket.filledAtMs);
    bucket.tokens = Math.min(burst, bucket.tokens + (passedMs * perSecond) / 1000);
    bucket.filledAtMs = nowMs;
    // The key used longest ago goes first; deleting and setting moves this one to the end.
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > keptKeys) buckets.delete(buckets.keys().next().value!);
    return bucket;
  }

  return {
    take(key) {
      const bucket = filled(key);
      if (bucket.tokens < 1) {
        const seconds = Math.ceil((1 - bucket.tokens) / perSecond - 1e-6);
        return { allowed: false, retryAfterSeconds: Math.max(1, seconds) };
      }
      bucket.tokens -= 1;
      return admitted;
    },
    giveBack(key) {
      const bucket = filled(key);
      bucket.tokens = Math.min(burst, bucket.tokens + 1);
    },
  };
}

/** One who has an IPv6 address has the 2^64 others of its network as well. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("%", 1)[0]!.toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array(Math.max(0, 8 - before.length - after.length)).fill("0");
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
