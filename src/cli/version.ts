/** In charge of the version that the command line says it has. */
import { readFile } from "node:fs/promises";

/** From package.json, which stands beside the compiled code. */
export async function readVersion(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
