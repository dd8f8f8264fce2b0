/** In charge of refusing a deploy of what cannot be run here, before anything is sent or made. */
import { posternError } from "../base/error.ts";
import type { Manifest } from "./manifest.ts";
import { findUnrunnable } from "./plan-pipeline.ts";

/** @throws Y7050 */
export function refuseUnrunnable(manifest: Manifest): void {
  const [first, ...others] = findUnrunnable(manifest);
  if (first === undefined) return;
  throw posternError("Y7050", first, {
    ...(others.length > 0 ? { detail: others.join("\n") } : {}),
    hint: first.includes("outside")
      ? "Put postern.yaml into a folder that holds all of it."
      : "Postern runs programs, not containers: give it a command, or leave it to an overlay of Compose's own.",
  });
}
