/** In charge of the test of several control planes and gateways: it runs on the applications' host of the example's fleet, which is made for it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const fleet = fileURLToPath(new URL("../examples/scale/fleet.js", import.meta.url));
const directory = process.env.POSTERN_SCALE_DIR ?? "/var/lib/postern-scale-test";
const options = ["--name", "pst", "--directory", directory];

/** @param {string[]} words */
const run = (...words) =>
  new Promise((resolve) => {
    const child = spawn(words[0], words.slice(1), {
      stdio: "inherit",
      env: { ...process.env, POSTERN_SCALE_FLEET: JSON.stringify([fleet, ...options]) },
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
const command = (/** @type {string[]} */ ...words) => run(process.execPath, fleet, ...options, ...words);

await command("down", "--delete");
process.exitCode = await command("up", "--set", "POSTERN_RATE_LIMIT=off", "--set", "POSTERN_WORKERS=1");
if (process.exitCode === 0) {
  const config = fileURLToPath(new URL("../test/scale/vitest.config.ts", import.meta.url));
  const words = ["npx", "vitest", "run", "--config", config, ...process.argv.slice(2)];
  process.exitCode = await command("exec", "--", ...words);
}
await command("down", "--delete");
