/** The data plane's workers as processes: how many there are, and what happens when one dies. */
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { CreatedDatabase, DaemonStatus } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { waitUntil } from "../support/wait-until.ts";
import { workersOf } from "../support/workers-of.ts";

let postern: PosternHome;
let status: DaemonStatus;

beforeAll(async () => {
  postern = await createPosternHome();
  expect((await postern.run(["up", "--workers", "2"])).code).toBe(0);
  status = await postern.json<DaemonStatus>(["status"]);
});
afterAll(() => postern.close());

const ask = async ({ id, token }: CreatedDatabase) => {
  const answer = await fetch(`${status.api_url}/v1/db/${id}/query`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: '{"sql":"select 1 as one"}',
  });
  return answer.status;
};

it("runs as many workers as `up` is told, and status says so", async () => {
  expect(status.workers).toBe(2);
  expect(await workersOf(status.pid)).toHaveLength(2);
  expect((await postern.run(["status"])).stdout).toMatch(/Workers +2 processes answer SQL over HTTP/);
});

it("tells who asks a running Postern for another number, and refuses what is no number of workers", async () => {
  const again = await postern.run(["up", "--workers", "3"]);
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("It has 2 workers")]);
  for (const wrong of ["65", "-1", "two", "1.5"]) {
    const end = await postern.run(["up", `--workers=${wrong}`]);
    expect([wrong, end.code, end.stderr]).toEqual([wrong, 2, expect.stringContaining("--workers is")]);
  }
});

it("puts another in the place of a worker that was killed, and goes on answering", async () => {
  const database = await postern.json<CreatedDatabase>(["db", "create", "--name", "w1"]);
  const [victim] = await workersOf(status.pid);
  process.kill(victim!, "SIGKILL");
  await waitUntil("another worker is there", async () => {
    const now = await workersOf(status.pid);
    return now.length === 2 && !now.includes(victim!);
  });
  for (let count = 0; count < 10; count += 1) expect(await ask(database)).toBe(200);
});

it("leaves no worker behind where the start fails, and none where the daemon is killed", async () => {
  const other = await createPosternHome();
  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => blocker.once("listening", resolve));
  const { port } = blocker.address() as { port: number };
  const before = await countWorkers();
  try {
    const end = await other.run(["up"], { environment: { POSTERN_HTTP_PORT: String(port) } });
    expect(end.stderr).toContain("Y0004");
    await waitUntil(
      "no worker is left of the start that failed",
      async () => (await countWorkers(other.home)) === 0,
    );
  } finally {
    blocker.close();
    await other.close();
  }
  expect(before).toBeGreaterThan(0);
  const workers = await workersOf(status.pid);
  process.kill(status.pid, "SIGKILL");
  await waitUntil("the workers of a killed daemon end", async () => {
    const left = await Promise.all(
      workers.map((pid) => readFile(`/proc/${pid}/stat`, "latin1").catch(() => "")),
    );
    return left.every((stat) => stat === "" || / Z /.test(stat));
  });
});

/** By the home in their environment. */
async function countWorkers(home = postern.home): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
      const environment = command.includes("postern-worker")
        ? await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "")
        : "";
      return environment.split("\0").includes(`POSTERN_HOME=${home}`);
    }),
  );
  return found.filter(Boolean).length;
}
