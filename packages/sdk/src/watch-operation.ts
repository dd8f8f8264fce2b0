/** In charge of following long work to its end, also when the daemon restarts in the middle of it. */
import { PosternError } from "./error.ts";
import type { OperationInfo } from "./protocol.ts";

/** How long the daemon may be away before the watcher gives up. */
const awayLimitMs = 60_000;
const retryMs = 500;

export const hasEnded = ({ status }: OperationInfo): boolean => status !== "pending" && status !== "running";

/** Resolves with the ended operation, whatever its end. `describe` waits up to so many seconds for the end. */
export async function watchOperation(
  describe: (waitSeconds: number) => Promise<OperationInfo>,
  onChange: (operation: OperationInfo) => void = () => {},
): Promise<OperationInfo> {
  let last = "";
  let awaySince: number | undefined;
  for (let waitSeconds = 0; ; waitSeconds = Math.min(20, waitSeconds + 1)) {
    try {
      const operation = await describe(waitSeconds);
      awaySince = undefined;
      const now = JSON.stringify(operation);
      if (now !== last) onChange(operation);
      last = now;
      if (hasEnded(operation)) return operation;
    } catch (error) {
      if (!isAway(error)) throw error;
      awaySince ??= Date.now();
      if (Date.now() - awaySince > awayLimitMs) throw error;
      await pause(retryMs);
    }
  }
}

/** A daemon that stops or starts: refuses connections, or answers that it is not ready. */
const isAway = (error: unknown): boolean =>
  error instanceof PosternError && (error.code === "Y0005" || error.status === 503);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
