/** Work on environments that is canceled, and environments and projects that are destroyed with what runs in them. */
import { access, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import type { DatabaseInfo, DeployResult, OperationInfo, RunningService } from "@postern/sdk/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { writeApp } from "../support/release-app.ts";
import { waitUntil } from "../support/wait-until.ts";
import { installWriteGate } from "../support/write-gate.ts";

let postern: PosternHome;
beforeAll(async () => {
  postern = await createPosternHome();
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
    POSTERN_ENV: "staging",
  });
}, 180_000);
afterAll(() => postern.close());

async function deploy(version: string, env = "staging"): Promise<DeployResult> {
  await writeApp(postern.project, { version });
  return postern.json<DeployResult>(["deploy", "--env", env]);
}
const urlOf = ({ services }: DeployResult) => services[0]!.url!;
const ask = async (url: string) => (await fetch(url)).text();
const running = async (env = "staging") => postern.json<RunningService[]>(["service", "list", "--env", env]);
const database = async (env = "staging") => postern.json<DatabaseInfo>(["db", "info", "--env", env]);
const operations = () => postern.json<OperationInfo[]>(["ops", "list"]);
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
const listens = (url: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1")
      .once("connect", () => resolve(true))
      .once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
/** One that has ended and was not waited for by anybody has no command line any more. */
const isAlive = (pid: number) =>
  readFile(`/proc/${pid}/cmdline`, "utf8").then(
    (text) => text !== "",
    () => false,
  );

it("a deploy that is canceled is undone, and what served before serves on", async () => {
  const url = urlOf(await deploy("v1"));
  await writeApp(postern.project, { version: "v2", build: ["sleep 600"] });
  const deploying = postern.run(["deploy"]);
  let id = "";
  await waitUntil("it builds", async () => {
    const found = (await operations()).find(({ kind, status }) => kind === "deploy" && status === "running");
    id = found?.id ?? "";
    return found?.steps.at(-1)?.name === "build";
  });
  const canceled = await postern.run(["ops", "cancel", id]);
  expect(canceled.stderr).toContain(`Canceled ${id}`);
  expect(await deploying).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("It was canceled. (Y7062)"),
  });
  expect((await postern.json<OperationInfo>(["ops", "show", id])).status).toBe("canceled");
  expect(await ask(url)).toMatch(/^v1 /);
  expect(await running()).toMatchObject([{ release: 1, state: "running" }]);
  const again = await postern.run(["ops", "cancel", id]);
  expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining("has ended: it is canceled") });
});

it("a database that services use is destroyed only after that was said, and shown", async () => {
  const unasked = await postern.run(["db", "destroy", "--env", "staging"]);
  expect(unasked).toMatchObject({ code: 2 });
  expect(unasked.stderr).toContain("Services of staging use it and will fail: api.");
  const done = await postern.run(["db", "destroy", "--env", "staging", "--force", "--skip-snapshot"]);
  expect(done.stderr).toContain("Services of staging run without their database now: api");
  const url = urlOf(await deploy("v3"));
  expect(await ask(url)).toBe("v3 1");
});

it("an environment that is destroyed stops its services, frees its ports and leaves no files", async () => {
  const [service] = await running();
  const { id, environment } = await database();
  const folder = join(postern.home, "services", environment!.project_id, "staging");
  expect(await isThere(folder)).toBe(true);
  const asked = await postern.run(["env", "destroy", "staging"]);
  expect(asked).toMatchObject({ code: 2 });
  expect(asked.stderr).toContain("Its services stop (api).");
  const gone = await postern.run(["env", "destroy", "staging", "--yes"]);
  expect(gone).toMatchObject({ code: 0, stderr: expect.stringContaining(`postern db undelete ${id}`) });
  expect(await listens(service!.url!)).toBe(false);
  expect(await isAlive(service!.pid!)).toBe(false);
  expect(await isThere(folder)).toBe(false);
  expect(await postern.run(["env", "show", "staging", "--project", "shop"])).toMatchObject({ code: 5 });
  expect(await postern.run(["db", "info", id])).toMatchObject({ code: 5 });
  await postern.json(["db", "undelete", id]);
  expect(await postern.json(["db", "info", id])).toMatchObject({ status: "ready", environment: null });
});

it("a protected environment, and a project with one, is destroyed only by its name", async () => {
  await deploy("v4", "production");
  await deploy("v4");
  const refused = await postern.run(["env", "destroy", "production", "--yes"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("production is protected") });
  const project = await postern.run(["project", "destroy", "shop", "--yes"]);
  expect(project).toMatchObject({ code: 2, stderr: expect.stringContaining("--confirm shop") });
  expect(await running("production")).toMatchObject([{ state: "running" }]);
});

it("a project is destroyed with all of its environments, also when the daemon dies meanwhile", async () => {
  const services = [...(await running("production")), ...(await running())];
  const { project_id } = (await database()).environment!;
  const { id } = await postern.api<OperationInfo>("DELETE", "/v1/projects/shop?skip_snapshot=true");
  await waitUntil("it has begun", async () => {
    const { steps } = await postern.api<OperationInfo>("GET", `/v1/operations/${id}`);
    return steps.length > 1;
  });
  await postern.stop("SIGKILL");
  await postern.start();
  await waitUntil("it has ended", async () => {
    const { status } = await postern.api<OperationInfo>("GET", `/v1/operations/${id}?wait=5`);
    return status === "completed";
  });
  for (const { url, pid } of services) {
    expect(await listens(url!)).toBe(false);
    expect(await isAlive(pid!)).toBe(false);
  }
  expect(await isThere(join(postern.home, "services", project_id))).toBe(false);
  expect(await postern.api("GET", "/v1/projects")).toEqual([]);
});

it("work that cannot be undone says so when it is to be canceled, and goes on", async () => {
  const { id } = await postern.json<{ id: string }>(["db", "create", "books"]);
  const gate = await installWriteGate(postern);
  try {
    await gate.close("destroy_database", 2);
    const operation = await postern.api<OperationInfo>("DELETE", `/v1/databases/${id}?skip_snapshot=true`);
    await waitUntil("it has begun", () => gate.isReached());
    const refused = await postern.run(["ops", "cancel", operation.id]);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining("Y7061") });
    await gate.open("commit");
    expect(await postern.json(["ops", "watch", operation.id])).toMatchObject({ status: "completed" });
  } finally {
    await gate.end();
  }
});
