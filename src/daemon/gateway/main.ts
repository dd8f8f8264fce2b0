/** In charge of a gateway as a program: it runs until it is told to end, and tells its log how it is. */

import { readConfig } from "../../base/config.ts";
import type { GatewayProgram } from "../../base/programs.ts";
import { startGateway } from "./start-gateway.ts";

/** Resolves when it has ended. */
export async function runGateway({ onReady, onStopping, ...options }: GatewayProgram): Promise<void> {
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  const gateway = await startGateway({ ...options, config: readConfig() });
  onReady(gateway);
  await stopAsked;
  onStopping();
  await gateway.stop();
}
