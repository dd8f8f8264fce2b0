/** In charge of the tests of a highly available cluster: they run on the applications' host of the example's cluster, which is made for them. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const cluster = fileURLToPath(new URL("../examples/ha/cluster.js", import.meta.url));
const directory = process.env.POSTERN_HA_DIR ?? "/var/lib/postern-ha-test";
const options = ["--name", "pht", "--directory", directory];

/** @param {string[]} words */
const run = (...words) =>
  new Promise((resolve) => {
    const child = spawn(words[0], words.slice(1), {
      stdio: "inherit",
      env: { ...process.env, POSTERN_HA_CLUSTER: JSON.stringify([cluster, ...options]) },
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
const command = (/** @type {string[]} */ ...words) => run(process.execPath, cluster, ...options, ...words);

process.exitCode = await command("up");
if (process.exitCode === 0) {
  const config = fileURLToPath(new URL("../test/ha/vitest.config.ts", import.meta.url));
  process.exitCode = await command(
    "exec",
    "--",
    "npx",
    "vitest",
    "run",
    "--config",
    config,
    ...process.argv.slice(2),
  );
}
await command("down", "--delete");
