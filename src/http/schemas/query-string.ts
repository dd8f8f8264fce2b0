/** In charge of the schemas of query parameters, which arrive as text. */
import { z } from "zod";

export const flag = z.enum(["true", "false"]).optional();

/** How many to list, at most. */
export const limit = z.coerce
  .number()
  .int("must be a whole number")
  .min(1, "must be at least 1")
  .max(1000, "must be at most 1000")
  .default(50);

/** How long to wait for an end, seconds. */
export const waitSeconds = z.coerce
  .number()
  .min(0, "must be at least 0")
  .max(30, "must be at most 30")
  .default(0);
