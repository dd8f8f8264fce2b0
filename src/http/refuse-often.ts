/** In charge of refusing those who come too often: Y1018, with `retry-after`. */
import type { FastifyReply } from "fastify";
import { posternError } from "../base/error.ts";
import type { Admission } from "./rate-limiter.ts";

export function refuseOften({ allowed, retryAfterSeconds }: Admission, reply: FastifyReply): void {
  if (allowed) return;
  reply.header("retry-after", retryAfterSeconds);
  throw tooManyRequests(retryAfterSeconds);
}

export const tooManyRequests = (retryAfterSeconds: number) =>
  posternError("Y1018", "Too many requests.", { hint: `Try again in ${retryAfterSeconds} s.` });
