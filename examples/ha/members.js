/** In charge of asking the cluster who leads and who follows, from where applications are. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { addressOf, clients, namespaceOf, nodes } from "./network.js";

const run = promisify(execFile);

/** @typedef {{ name: string, role: string, state: string, timeline: number, lag: number | string }} Member */
/** Of the first host that answers; undefined when none does. @param {string} name of the cluster @returns {Promise<Member[] | undefined>} */
export async function readMembers(name) {
  const ask = `const urls = ${JSON.stringify(nodes.map((node) => `http://${addressOf(node)}:8008/cluster`))};
    Promise.any(urls.map(async (url) => (await fetch(url, { signal: AbortSignal.timeout(1500) })).text())).then(console.log, () => process.exit(1));`;
  const words = ["netns", "exec", namespaceOf(name, clients), process.execPath, "-e", ask];
  return run("ip", words).then(
    ({ stdout }) => JSON.parse(stdout).members,
    () => undefined,
  );
}

/** @param {Member[]} members */
export const isWhole = (members) =>
  members.length === nodes.length &&
  members.some(({ role, state }) => role === "leader" && state === "running") &&
  members.filter(({ role }) => /sync_standby|quorum_standby/.test(role)).length >= 1 &&
  members.every(({ role, state }) => role === "leader" || state === "streaming");
