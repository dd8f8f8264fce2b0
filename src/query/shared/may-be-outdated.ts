/** In charge of telling errors of a statement itself from those that come of its having been prepared in another time. */
import { ServerError } from "../../postgres/wire/server-error.ts";
import { needsType } from "../encode-params.ts";
import type { Submission } from "./shared-request.ts";

const mostAttempts = 4;

/**
 * Can it be that the statement fails only because it was prepared in another time? Then it is gone, or its result has
 * another shape now, or the types of its parameters are those of columns that have others by now. Nothing has taken
 * effect, so it is parsed anew and run once more.
 */
export function mayBeOutdated(error: Error, { attempts, parsesAnew, request }: Submission): boolean {
  if (!(error instanceof ServerError) || attempts >= mostAttempts) return false;
  const { code, where, routine } = error.fields;
  if (code === "26000" || (code === "0A000" && routine === "RevalidateCachedQuery")) return true;
  if (!code.startsWith("42") && !where?.includes("portal parameter $")) return false;
  // Parameters that are written by their types were written before the new types were known.
  return !parsesAnew || request.statements.some(({ params }) => params.some(needsType));
}
