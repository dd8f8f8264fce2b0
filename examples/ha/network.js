/** In charge of hosts that are network namespaces on a bridge of their own. Nothing of the machine's own network is touched; needs root. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
/** @param {string[]} words */
const ip = async (...words) => (await run("ip", words)).stdout;

export const nodes = ["n1", "n2", "n3"];
/** Where applications and Postern are. */
export const clients = "app";

/** @param {string} name of the cluster @param {string} host */
export const namespaceOf = (name, host) => `${name}-${host}`;
const bridge = "br0";
const cable = (/** @type {string} */ host) => `to-${host}`;
/** @param {string} host */
export const addressOf = (host) => `10.77.0.${host === clients ? 10 : nodes.indexOf(host) + 1}`;

async function listNamespaces() {
  return (await ip("netns", "list")).split("\n").map((line) => line.split(" ")[0]);
}

/** @param {readonly string[]} hosts @param {(host: string) => string} addressOf of a network of 24 bits */
export const networkOf = (hosts, addressOf) => ({
  /** Repeatable. @param {string} name */
  async makeNetwork(name) {
    const there = await listNamespaces();
    const hub = namespaceOf(name, "hub");
    if (!there.includes(hub)) {
      await ip("netns", "add", hub);
      await ip("-n", hub, "link", "add", bridge, "type", "bridge");
      await ip("-n", hub, "link", "set", bridge, "up");
    }
    for (const host of hosts) {
      const space = namespaceOf(name, host);
      if (there.includes(space)) continue;
      await ip("netns", "add", space);
      await ip("-n", hub, "link", "add", cable(host), "type", "veth", "peer", "name", "eth0", "netns", space);
      await ip("-n", hub, "link", "set", cable(host), "master", bridge, "up");
      await ip("-n", space, "addr", "add", `${addressOf(host)}/24`, "dev", "eth0");
      await ip("-n", space, "link", "set", "eth0", "up");
      await ip("-n", space, "link", "set", "lo", "up");
    }
  },
  /** @param {string} name */
  async removeNetwork(name) {
    const there = await listNamespaces();
    for (const host of [...hosts, "hub"]) {
      const space = namespaceOf(name, host);
      if (there.includes(space)) await ip("netns", "delete", space);
    }
  },
});

export const { makeNetwork, removeNetwork } = networkOf([...nodes, clients], addressOf);

/** Pulls the cable of a host, or puts it in again. @param {string} name @param {string} host @param {boolean} isIn */
export async function setCable(name, host, isIn) {
  await ip("-n", namespaceOf(name, "hub"), "link", "set", cable(host), isIn ? "up" : "down");
}

/** All processes of a host. @param {string} name @param {string} host */
export async function pidsOf(name, host) {
  const space = namespaceOf(name, host);
  if (!(await listNamespaces()).includes(space)) return [];
  return (await ip("netns", "pids", space)).split("\n").filter(Boolean).map(Number);
}
