/**
 * kill -9 of the daemon at chosen writes of a deploy, a restart and a rollback: what served serves on meanwhile, the work comes
 * to its end, and nothing is left over. `npm run test:faults` takes every write of each.
 */
import { readdir, readFile } from "node:fs/promises";
import type { OperationInfo, RunningService, StartedRelease } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { beginDeploy } from "../support/begin-deploy.ts";
import { allPoints, type CrashPoint, crashAtPoints } from "../support/crash-driver.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { writeApp } from "../support/release-app.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate, type WriteGate } from "../support/write-gate.ts";

vi.setConfig({ testTimeout: allPoints ? 1_200_000 : 240_000 });

const place = "/v1/projects/shop/envs/staging";
let postern: PosternHome;
let gate: WriteGate;
let url: string;
let version = 1;
/** A shell and the program that it runs, where that is how they are started. */
let usual: number;

beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
    POSTERN_ENV: "staging",
  });
  await writeApp(postern.project, { version: "v1" });
  await postern.json(["deploy"]);
  url = (await services())[0]!.url!;
  usual = await countProcesses();
  gate = await installWriteGate(postern);
});
afterAll(async () => {
  await gate?.end();
  await postern.close();
});

const services = () => postern.api<RunningService[]>("GET", `${place}/services`);
const versionNow = async () => (await (await fetch(url)).text()).split(" ")[0];
const started = async (answer: Promise<StartedRelease>) => (await answer).operation.id;

/** The application's processes, by the mark that they carry. */
async function countProcesses(): Promise<number> {
  let count = 0;
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (environment.includes(`POSTERN_PROCESS_HOME=${postern.home}\0`)) count += 1;
  }
  return count;
}

interface Work {
  kind: string;
  begin(): Promise<string>;
  /** What serves then. */
  wanted(): string;
  chosen: CrashPoint[];
}

const works: Work[] = [
  {
    kind: "deploy",
    begin: () => started(beginDeploy(postern, { version: `v${++version}` })),
    wanted: () => `v${version}`,
    chosen: [
      { write: 12, end: "rollback" },
      { write: 17, end: "commit" },
    ],
  },
  {
    kind: "restart_services",
    begin: () => started(postern.api<StartedRelease>("POST", `${place}/restart`)),
    wanted: () => `v${version}`,
    chosen: [{ write: 5, end: "commit" }],
  },
  {
    kind: "rollback",
    begin: async () => started(postern.api<StartedRelease>("POST", `${place}/rollback`, {})),
    wanted: () => `v${--version}`,
    chosen: [{ write: 4, end: "rollback" }],
  },
];

it.each(works)("a $kind comes to its end, and leaves nothing over", async ({ chosen, wanted, ...work }) => {
  const check = async (operation: OperationInfo) => {
    expect(operation).toMatchObject({ status: "completed", error: null });
    await waitUntil("the service runs", async () => (await services())[0]?.state === "running");
    expect(await services()).toHaveLength(1);
    expect(await versionNow()).toBe(wanted());
    expect(await countProcesses()).toBe(usual);
  };
  await crashAtPoints(postern, gate, { title: work.kind, ...work, check }, chosen);
});
