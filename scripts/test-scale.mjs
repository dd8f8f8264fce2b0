/**
 * In charge of the test of several control planes and gateways: it runs on a host of its own, a network namespace on a bridge
 * with those that the test starts its programs on. Nothing of the machine's own network is touched; needs root.
 */
import { execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ip = async (/** @type {string[]} */ ...words) => (await run("ip", words)).stdout;

const hub = "pst-hub";
const hosts = {
  "pst-app": "10.78.0.10",
  "pst-c1": "10.78.0.1",
  "pst-c2": "10.78.0.2",
  "pst-g1": "10.78.0.3",
  "pst-g2": "10.78.0.4",
};

async function make() {
  await ip("netns", "add", hub);
  await ip("-n", hub, "link", "add", "br0", "type", "bridge");
  await ip("-n", hub, "link", "set", "br0", "up");
  for (const [host, address] of Object.entries(hosts)) {
    await ip("netns", "add", host);
    await ip("-n", hub, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", host);
    await ip("-n", hub, "link", "set", host, "master", "br0", "up");
    await ip("-n", host, "addr", "add", `${address}/24`, "dev", "eth0");
    await ip("-n", host, "link", "set", "eth0", "up");
    await ip("-n", host, "link", "set", "lo", "up");
  }
}

async function remove() {
  const there = (await ip("netns", "list")).split("\n").map((line) => line.split(" ")[0]);
  for (const host of [...Object.keys(hosts), hub])
    if (there.includes(host)) await ip("netns", "delete", host);
}

await remove();
try {
  await make();
  const config = fileURLToPath(new URL("../test/scale/vitest.config.ts", import.meta.url));
  const words = ["netns", "exec", "pst-app", "npx", "vitest", "run", "--config", config];
  process.exitCode = await new Promise((resolve) => {
    const child = spawn("ip", [...words, ...process.argv.slice(2)], { stdio: "inherit" });
    child.on("close", (code) => resolve(code ?? 1));
  });
} finally {
  await remove();
}
