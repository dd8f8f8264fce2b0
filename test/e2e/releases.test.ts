/** A small real application deployed, changed, broken and rolled back, with the real daemon and the real command line. */
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type {
  DeployResult,
  OperationInfo,
  ReleaseInfo,
  RunningService,
  StartedRelease,
} from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginDeploy } from "../support/begin-deploy.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type ReleaseApp, writeApp } from "../support/release-app.ts";
import { waitUntil } from "../support/wait-until.ts";

let postern: PosternHome;
let url: string;
beforeAll(async () => {
  postern = await createPosternHome({ POSTERN_SECRET_OF_THE_DAEMON: "must not be seen" });
  await postern.start();
  Object.assign(postern.environment, {
    POSTERN_API_URL: postern.apiUrl(),
    POSTERN_API_KEY: postern.apiKey(),
    POSTERN_ENV: "staging",
  });
}, 180_000);
afterAll(() => postern.close());

const prepare = (app: ReleaseApp) => writeApp(postern.project, app);
async function deploy(app: ReleaseApp) {
  await prepare(app);
  return postern.json<DeployResult>(["deploy"]);
}
const ask = async (path = "/") => (await fetch(`${url}${path}`)).text();
const version = async () => (await ask()).split(" ")[0];
const releases = () => postern.json<ReleaseInfo[]>(["release", "list"]);
const services = () => postern.api<RunningService[]>("GET", "/v1/projects/shop/envs/staging/services");
const api = async () => (await services()).find(({ service }) => service === "api")!;

const begin = (app: ReleaseApp) => beginDeploy(postern, app);

async function ended({ operation }: StartedRelease): Promise<OperationInfo> {
  let now = operation;
  await waitUntil("the work has ended", async () => {
    now = await postern.api<OperationInfo>("GET", `/v1/operations/${operation.id}`);
    return now.status !== "pending" && now.status !== "running";
  });
  return now;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe("the first deploy", () => {
  it("is planned without anything being made", async () => {
    await prepare({ version: "v1" });
    const plan = await postern.run(["deploy", "--plan"]);
    expect(plan.stdout).toContain("build → release → migrate → deploy");
    expect(await postern.api("GET", "/v1/projects")).toEqual([]);
  });

  it("makes the database, applies the schema, and serves", async () => {
    const result = await deploy({ version: "v1" });
    expect(result).toMatchObject({ release: 1, previous: null, services: [{ service: "api" }] });
    url = result.services[0]!.url!;
    expect(await ask()).toBe("v1 1");
  });

  it("runs as a user of the project's own, with its variables and nothing of the daemon's", async () => {
    const seen = JSON.parse(await ask("/env")) as Record<string, string | number>;
    expect(seen).toMatchObject({ GREETING: "hello", NODE_ENV: "production", POSTERN_RELEASE: "1" });
    expect(seen.DATABASE_URL).toContain("postgres://");
    expect(seen.DIRECT).toBe(seen.DIRECT_URL);
    expect(seen.POSTERN_SECRET_OF_THE_DAEMON).toBeUndefined();
    expect(seen.POSTERN_HOME).toBeUndefined();
    if (process.getuid!() === 0) expect(seen.uid).toBeGreaterThan(0x6fff_ffff);
  });

  it("keeps its values sealed, and tells their names only", async () => {
    const [release] = await releases();
    expect(release).toMatchObject({
      number: 1,
      status: "active",
      variables: { api: ["DIRECT", "GREETING", "NODE_PATH"] },
    });
  });
});

describe("the next deploy", () => {
  it("takes over at the same address, while requests that are under way end with the old one", async () => {
    const slow = ask("/slow");
    const result = await deploy({ version: "v2" });
    expect(result).toMatchObject({ release: 2, previous: 1 });
    expect(await slow).toBe("v1");
    expect(result.services[0]!.url).toBe(url);
    expect(await version()).toBe("v2");
    expect(await services()).toHaveLength(1);
  });

  it("lets no request fail while it switches", async () => {
    let going = true;
    const seen = new Set<string>();
    const asking = (async () => {
      while (going) {
        const answer = await fetch(url, { headers: { connection: "close" } });
        expect(answer.status).toBe(200);
        seen.add((await answer.text()).split(" ")[0]!);
      }
    })();
    await deploy({ version: "v3" });
    await waitUntil("the new one answered", async () => seen.has("v3"));
    going = false;
    await asking;
    expect([...seen]).toEqual(["v2", "v3"]);
  });

  it("that cannot start is told with what it wrote, and what served serves on", async () => {
    await prepare({ version: "broken" });
    const failed = await postern.run(["deploy"]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain("Y7053");
    expect(failed.stderr).toContain("it ended with code 3");
    expect(failed.stderr).toContain("no such thing as this");
    expect(await version()).toBe("v3");
    expect((await releases())[0]).toMatchObject({ number: 4, status: "failed", has_files: false });
  });

  it("that never gets healthy is stopped", async () => {
    await prepare({ version: "sick" });
    const failed = await postern.run(["deploy"]);
    expect(failed.stderr).toContain("GET /health answered 503");
    expect(failed.stderr).toContain("begins sick");
    expect(await version()).toBe("v3");
    expect(await services()).toHaveLength(1);
  });

  it("whose build fails is told with the command and its output", async () => {
    await prepare({ version: "v4", build: ["echo about to fail; exit 7"] });
    const failed = await postern.run(["deploy"]);
    expect(failed.stderr).toContain("The build failed: it ended with code 7.");
    expect(failed.stderr).toContain("about to fail");
    expect(await version()).toBe("v3");
  });

  it("whose image cannot be run is refused before anything is done", async () => {
    await prepare({ version: "v4", api: "  cache:\n    image: redis:7" });
    const refused = await postern.run(["deploy"]);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain("Service cache names the image redis:7, and no command.");
  });
});

describe("what runs", () => {
  it("is started again when it ends", async () => {
    const before = await api();
    await ask("/crash").catch(() => {});
    await waitUntil("another one runs", async () => {
      const now = await api();
      return now.state === "running" && now.pid !== null && now.pid !== before.pid;
    });
    expect(await version()).toBe("v3");
    expect((await api()).restarts).toBe(1);
  });

  it("writes a log that is shown", async () => {
    const logs = await postern.run(["logs", "api", "-n", "1"]);
    expect(logs.stdout).toMatch(/^begins v3 \d+\n$/);
    const none = await postern.run(["logs", "apy"]);
    expect(none).toMatchObject({ code: 5 });
    expect(none.stderr).toContain("It has: api.");
    const steps = await postern.run(["logs", "--release", "3"]);
    expect(steps.stdout).toContain("> ls migrations\n001_visits.sql");
  });

  it("outlives the daemon, and is taken over by the next one", async () => {
    const before = await api();
    await postern.stop("SIGKILL");
    expect(process.kill(before.pid!, 0)).toBe(true);
    await postern.start();
    await waitUntil("it is taken over", async () => (await services()).length === 1);
    expect((await api()).pid).toBe(before.pid);
    expect(await version()).toBe("v3");
  });
});

describe("a rollback", () => {
  it("runs the rollback commands, then puts the release before back", async () => {
    const top = 'migrate: ["echo up >> $HOME/schema"]\nrollback: ["echo down $DIRECT_URL >> $HOME/schema"]';
    await deploy({ version: "v7", top });
    expect(await version()).toBe("v7");
    const result = await postern.json<DeployResult>(["rollback"]);
    expect(result).toMatchObject({ release: 3, previous: 7 });
    expect(await version()).toBe("v3");
    const project = (await releases())[0]!.project_id;
    const written = join(postern.home, "services", project, "staging/data/schema");
    expect(await readFile(written, "utf8")).toMatch(/^up\ndown postgres:/);
    expect((await releases()).slice(0, 1)).toMatchObject([{ number: 7, status: "rolled_back" }]);
  });

  it("goes to a release that is named, and to none that there is not", async () => {
    expect(await postern.json(["rollback", "--to", "2"])).toMatchObject({ release: 2 });
    expect(await version()).toBe("v2");
    const none = await postern.run(["rollback", "--to", "4"]);
    expect(none).toMatchObject({ code: 5 });
    expect(none.stderr).toContain("cannot be put back");
  });
});

describe("two at once, and a daemon that dies", () => {
  const gate = () => join(postern.project, "..", "gate");

  it("the second deploy is told which the first one is", async () => {
    const hold = `while [ ! -e ${gate()} ]; do sleep 0.05; done`;
    const first = await begin({ version: "v8", build: [hold] });
    await expect(begin({ version: "v9" })).rejects.toMatchObject({
      code: "Y7051",
      detail: expect.stringContaining(first.operation.id),
    });
    await writeFile(gate(), "");
    expect(await ended(first)).toMatchObject({ status: "completed" });
    expect(await version()).toBe("v8");
    await rm(gate());
  });

  it("one that is killed while it builds goes on, and leaves nothing of the first attempt running", async () => {
    const hold = `while [ ! -e ${gate()} ]; do sleep 0.05; done`;
    const first = await begin({ version: "v9", build: [hold] });
    await waitUntil("it builds", async () => {
      const { steps } = await postern.api<OperationInfo>("GET", `/v1/operations/${first.operation.id}`);
      return steps.at(-1)?.name === "build";
    });
    await postern.stop("SIGKILL");
    await postern.start();
    expect(await version()).toBe("v8");
    await writeFile(gate(), "");
    expect(await ended(first)).toMatchObject({ status: "completed" });
    expect(await version()).toBe("v9");
    await rm(gate());
  });

  it("the project's folder of the release cannot be written by its services", async () => {
    const { release, project_id } = { release: (await api()).release, ...(await releases())[0]! };
    const folder = join(postern.home, "services", project_id, "staging/releases", String(release));
    expect(await exists(join(folder, "server.cjs"))).toBe(true);
    const { uid, mode } = await stat(folder);
    if (process.getuid!() === 0) expect(uid).toBe(0);
    expect(mode & 0o022).toBe(0);
  });

  it.each([
    ["rotated", ["db", "rotate-credentials", "--env", "staging", "--yes"]],
    ["reset", ["db", "reset-password", "--env", "staging", "--generate"]],
  ])("services get the new password when it is %s, and refuse nobody meanwhile", async (_, args) => {
    const before = await api();
    const passwordOf = async () => JSON.parse(await ask("/env")).DATABASE_URL as string;
    const old = await passwordOf();
    let going = true;
    const asking = (async () => {
      while (going) {
        const answer = await fetch(url, { headers: { connection: "close" } });
        expect(`${answer.status} ${await answer.text()}`).toMatch(/^200 v9 /);
      }
    })();
    const told = await postern.run(args).finally(() => (going = false));
    await asking;
    expect(told.stderr).toContain("The services of staging were started anew, with the new values");
    expect((await api()).pid).not.toBe(before.pid);
    expect(await passwordOf()).not.toBe(old);
    expect(await version()).toBe("v9");
  });

  it("services whose values changed while no daemon was there are started anew by the next one", async () => {
    const before = await api();
    const [{ id }] = (await postern.json<[{ id: string }]>(["db", "list"]))!;
    await postern.api("POST", `/v1/databases/${id}/scale`, { class: "db.p2" });
    await postern.stop("SIGKILL");
    await postern.start();
    await waitUntil("another one runs", async () => {
      const now = await api();
      return now?.state === "running" && now.pid !== null && now.pid !== before.pid;
    });
    const direct = (await postern.run(["db", "url", "--env", "staging", "--direct", "--reveal"])).stdout;
    expect(JSON.parse(await ask("/env")).DIRECT_URL).toBe(direct.trim());
  });
});
