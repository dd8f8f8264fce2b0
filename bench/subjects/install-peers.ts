/** In charge of installing what only comparisons need, at the first that asks for it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(new URL("../../bench/peers/", import.meta.url));

const changedAt = (file: string): Promise<number> =>
  stat(`${directory}${file}`).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

export async function installPeers(): Promise<void> {
  // npm writes this file at the end of an installation.
  const installedAt = await changedAt("node_modules/.package-lock.json");
  if (installedAt > (await changedAt("package-lock.json"))) return;
  process.stderr.write("installing bench/peers\n");
  const npm = spawn("npm", ["ci", "--prefix", directory, "--ignore-scripts", "--loglevel", "error"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(npm, "exit");
  if (code !== 0) throw new Error("bench/peers could not be installed; see above what npm says.");
}
