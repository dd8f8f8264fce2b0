/** In charge of how much memory one process of a server may take: several at once must not bring the machine down. */
import { totalmem } from "node:os";

const gibibyte = 1024 ** 3;
/** One value takes up to a gigabyte, and often there are two of it. */
const mostBytes = 3 * gibibyte;
const leastBytes = gibibyte;

/** A quarter of what there is, within bounds. A container may have less than its machine. */
export function memoryLimitBytes(
  machineBytes: number = totalmem(),
  containerBytes: number = process.constrainedMemory(),
): number {
  const bytes = containerBytes > 0 ? Math.min(machineBytes, containerBytes) : machineBytes;
  return Math.min(mostBytes, Math.max(leastBytes, Math.floor(bytes / 4)));
}
