/** In charge of finding a program that works for one home, so that a test can kill that one and no other. */
import { readdir } from "node:fs/promises";
import { readCommandLine } from "../../src/runtime/live-process.ts";
import { waitUntil } from "./wait-until.ts";

/** Waits until a program of this name runs with the home in its command line; its pid. */
export async function findProgram(name: "pg_dump" | "pg_restore", home: string): Promise<number> {
  let pid: number | undefined;
  await waitUntil(`${name} runs`, async () => {
    for (const entry of (await readdir("/proc")).filter((file) => /^\d+$/.test(file))) {
      const words = (await readCommandLine(Number(entry)))?.split(" ");
      if (words?.[0]?.endsWith(`/${name}`) && words.some((word) => word.startsWith(home)))
        pid = Number(entry);
    }
    return pid !== undefined;
  });
  return pid!;
}
