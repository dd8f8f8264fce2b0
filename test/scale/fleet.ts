/** In charge of two control planes and two gateways, each on a host of its own, over one Postgres and behind one balancer. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PosternError } from "@postern/sdk/error";
import type { CreatedGatewayToken, ErrorBody } from "@postern/sdk/protocol";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { createPosternHome, type PosternHome } from "../support/postern-home.ts";
import { type RegisteredServer, startRegisteredServer } from "../support/registered-server.ts";
import { createAuthority, type TestAuthority } from "../support/test-certificates.ts";
import { startBalancer } from "./balancer.ts";

const app = "10.78.0.10";
const controls = ["10.78.0.1", "10.78.0.2"] as const;
const gateways = ["10.78.0.3", "10.78.0.4"] as const;
const port = 5480;
const inside = (host: string) => ["ip", "netns", "exec", `pst-${host}`];

export interface Call {
  method?: string;
  path: string;
  body?: unknown;
  token?: string;
  headers?: Record<string, string>;
}

export interface Fleet {
  server: RegisteredServer;
  control: PosternHome[];
  startGateway(index: number): Promise<void>;
  killGateway(index: number): Promise<void>;
  /** By each gateway so far. */
  said(): string[];
  /** By the balancer, or at one control plane. @throws what it answers, and what broke the connection */
  call<Result>(call: Call, control?: number): Promise<Result>;
  close(): Promise<void>;
}

export async function startFleet(settings: Record<string, string>): Promise<Fleet> {
  const [authority, server, backups] = await Promise.all([
    createAuthority(),
    startRegisteredServer("superuser", {}, { address: app, network: "10.78.0.0/24" }),
    mkdtemp(join(tmpdir(), "pn-bak-")),
  ]);
  const control = await Promise.all(
    controls.map((address, index) => makeControl({ address, index, authority, server, backups, settings })),
  );
  const agent = new Agent({ keepAlive: true, ca: await readFile(authority.ca), maxSockets: 64 });
  const running: (GatewayProcess | undefined)[] = [];
  await Promise.all(control.map((one) => one.start()));
  // The administrator's key comes from whoever was first on the empty tables.
  const key = control.map((one) => one.apiKey()).find((one) => one !== "")!;
  const balancer = await startBalancer(
    app,
    gateways.map((host) => ({ host, port })),
  );
  const call = <Result>({ method = "POST", path, body, token = key, headers = {} }: Call, at?: number) =>
    send<Result>({
      agent,
      host: at === undefined ? app : controls[at]!,
      port: at === undefined ? balancer.port : port,
      method,
      path,
      content: body === undefined ? "" : JSON.stringify(body),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
    });
  const { token } = await call<CreatedGatewayToken>(
    { path: "/v1/gateway-tokens", body: { name: "fleet" } },
    0,
  );
  const files = await authority.issue("gateways", { names: [...gateways, app].map((at) => `IP:${at}`) });
  const fleet: Fleet = {
    server,
    control,
    call,
    async startGateway(index) {
      const order = index === 0 ? controls : controls.toReversed();
      running[index] = await startGateway({
        control: order.map((address) => `https://${address}:${port}`).join(","),
        token,
        environment: {
          ...control[0]!.environment,
          POSTERN_CA_CERT: authority.ca,
          POSTERN_LISTEN: gateways[index]!,
          POSTERN_TLS_CERT: files.certificate,
          POSTERN_TLS_KEY: files.key,
        },
        args: ["--port", String(port), "--name", `gateway-${index + 1}`],
        prefix: inside(`g${index + 1}`),
      });
    },
    async killGateway(index) {
      await running[index]?.stop("SIGKILL");
    },
    said: () => running.map((one) => one?.said() ?? ""),
    async close() {
      agent.destroy();
      balancer.close();
      await Promise.all(running.map((one) => one?.stop("SIGKILL")));
      await Promise.all(control.map((one) => one.close()));
      await server.stop();
      await authority.close();
      await rm(backups, { recursive: true, force: true });
    },
  };
  await Promise.all([fleet.startGateway(0), fleet.startGateway(1)]);
  return fleet;
}

interface ControlWish {
  address: string;
  index: number;
  authority: TestAuthority;
  server: RegisteredServer;
  backups: string;
  settings: Record<string, string>;
}

async function makeControl(wish: ControlWish): Promise<PosternHome> {
  const { address, index, authority, server, backups, settings } = wish;
  const files = await authority.issue(`control-${index}`, { names: [`IP:${address}`] });
  const control = await createPosternHome(
    {
      POSTERN_STATE_URL: `${server.url().replace(/\/postgres$/, "/state")}?sslmode=verify-full`,
      POSTERN_STATE_CA_FILE: server.ca,
      POSTERN_CONTROL_NAME: `control-${index + 1}`,
      POSTERN_HTTP_PORT: String(port),
      POSTERN_LISTEN: address,
      // Under which the balancer's callers know them.
      POSTERN_HOSTS: [app, ...gateways].join(","),
      POSTERN_TLS_CERT: files.certificate,
      POSTERN_TLS_KEY: files.key,
      POSTERN_RATE_LIMIT: "off",
      POSTERN_BACKUP_DIR: backups,
      ...settings,
    },
    inside(`c${index + 1}`),
  );
  await mkdir(join(control.home, "secrets"), { recursive: true });
  await writeFile(join(control.home, "secrets/master.key"), `${"5e".repeat(32)}\n`);
  return control;
}

interface Request {
  agent: Agent;
  host: string;
  port: number;
  method: string;
  path: string;
  content: string;
  headers: Record<string, string>;
}

const answerWithinMs = 60_000;

function send<Result>({ content, ...options }: Request): Promise<Result> {
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers, "content-length": String(Buffer.byteLength(content)) };
    const request = httpsRequest({ ...options, headers, timeout: answerWithinMs }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.once("error", reject);
      answer.once("end", () => {
        const body = text === "" ? undefined : JSON.parse(text);
        if (answer.statusCode! < 300) resolve(body as Result);
        else reject(PosternError.fromBody(body as ErrorBody, answer.statusCode));
      });
    });
    request.once("timeout", () => request.destroy(new Error("no answer in time")));
    request.once("error", reject);
    request.end(content);
  });
}
