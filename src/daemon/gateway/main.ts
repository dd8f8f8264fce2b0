/** In charge of a gateway as a program: it runs until it is told to end, and tells its log how it is. */
import { readConfig } from "../../base/config.ts";
import { startGateway } from "./start-gateway.ts";

export interface GatewayProgram {
  control: readonly string[];
  token: string;
  name: string | undefined;
  ca: string[] | undefined;
  /** It answers. */
  onReady(about: { url: string; controlUrl: string; workers: number }): void;
  /** It ends, once what is under way is answered. */
  onStopping(): void;
}

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
