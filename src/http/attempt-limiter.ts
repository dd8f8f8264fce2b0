/** In charge of slowing down those who guess: so many attempts at once for each key, then one per interval. */
import type { Clock } from "../base/clock.ts";

export interface AttemptLimiter {
  /** Uses up one attempt; 0, or how many seconds to wait for the next. */
  take(key: string): number;
  /** Gives an attempt back: it turned out to be an honest one. */
  giveBack(key: string): void;
}

interface Bucket {
  attempts: number;
  filledAtMs: number;
}

/** Keys are the caller's to make up: what is remembered of them must not grow without end. */
const mostKeys = 10_000;

export function createAttemptLimiter(
  { burst, intervalMs }: { burst: number; intervalMs: number },
  clock: Clock,
): AttemptLimiter {
  const buckets = new Map<string, Bucket>();

  function filled(key: string): Bucket {
    const nowMs = clock.now().getTime();
    const bucket = buckets.get(key) ?? { attempts: burst, filledAtMs: nowMs };
    bucket.attempts = Math.min(burst, bucket.attempts + (nowMs - bucket.filledAtMs) / intervalMs);
    bucket.filledAtMs = nowMs;
    // The key used longest ago goes first; deleting and setting moves this one to the end.
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > mostKeys) buckets.delete(buckets.keys().next().value!);
    return bucket;
  }

  return {
    take(key) {
      const bucket = filled(key);
      if (bucket.attempts < 1) return Math.max(1, Math.ceil(((1 - bucket.attempts) * intervalMs) / 1000));
      bucket.attempts -= 1;
      return 0;
    },
    giveBack(key) {
      const bucket = filled(key);
      bucket.attempts = Math.min(burst, bucket.attempts + 1);
    },
  };
}
