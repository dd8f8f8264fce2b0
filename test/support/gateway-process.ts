/** In charge of a gateway for a test: the real program, at a port of its own, ended at the end. */
import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/bin/postern.js", import.meta.url));
const readyWithinMs = 30_000;

export interface GatewayProcess {
  url: string;
  /** At which Postgres sessions come in. */
  ports: { pool: number; direct: number };
  pid: number;
  /** What it has said so far. */
  said(): string;
  /** Sends a signal; resolves with the exit code when it is gone, null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface GatewayWish {
  control: string;
  token: string;
  environment: Record<string, string>;
  args?: readonly string[];
  /** Of its command line: `ip netns exec …` */
  prefix?: readonly string[];
}

/** @throws what it said when it ended before it was ready */
export async function startGateway({
  control,
  token,
  environment,
  args = [],
  prefix = [],
}: GatewayWish): Promise<GatewayProcess> {
  const words = ["gateway", "--control", control, "--workers", "1", ...args];
  for (const option of ["--port", "--pool-port", "--direct-port"])
    if (!args.includes(option)) words.push(option, "0");
  const [command, ...rest] = [...prefix, process.execPath, program, ...words];
  const child = spawn(command!, rest, {
    env: { ...environment, POSTERN_GATEWAY_TOKEN: token },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  const gone = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const url = await readyUrl(child, () => said);
  const [, pool, direct] = /port (\d+), direct ones: port (\d+)/.exec(said) ?? [];
  return {
    url,
    ports: { pool: Number(pool), direct: Number(direct) },
    pid: child.pid!,
    said: () => said,
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const code = await gone;
      // What one that was killed leaves is swept by the next one only.
      await rm(join(tmpdir(), `postern-gateway-${child.pid}`), { recursive: true, force: true });
      return code;
    },
  };
}

function readyUrl(child: ChildProcess, said: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      // The last of what it says of itself.
      const url = /ready at (\S+)[\s\S]*\nControl plane: /.exec(said())?.[1];
      if (url !== undefined) finish(() => resolve(url));
    };
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      finish(() => reject(new Error(`The gateway is not ready: ${said()}`)));
    }, readyWithinMs);
    const onClose = () => finish(() => reject(new Error(said())));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      child.stderr!.off("data", look);
      child.off("close", onClose);
      settle();
    };
    child.stderr!.on("data", look);
    child.once("close", onClose);
  });
}
