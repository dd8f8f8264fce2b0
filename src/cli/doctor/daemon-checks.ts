/** In charge of whether a daemon runs here, could run, and takes this user's key. */
import { execFile } from "node:child_process";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Config } from "../../base/config.ts";
import { asPosternError } from "../../base/error.ts";
import { findPortHolder } from "../../base/port-holder.ts";
import type { CliContext } from "../context.ts";
import { findDaemon } from "../daemon-process.ts";
import { readUserConfig, userConfigFile } from "../user-config.ts";
import { readVersion } from "../version.ts";
import { type Check, Trouble } from "./check.ts";

const program = fileURLToPath(new URL("../../bin/postern.js", import.meta.url));

export const daemonChecks = (config: Config, context: CliContext): Check[] => [
  {
    name: "user config",
    look: inspectUserConfig,
    command: "postern up",
    fix: renewUserConfig,
  },
  {
    name: "ports",
    look: () => inspectPorts(config),
  },
  {
    name: "daemon",
    look: () => inspectDaemon(config.home),
    hint: "Run `postern up`.",
    command: "postern up",
    fix: async () => ((await findDaemon(config.home)) ? "left the running one alone" : up("started it")),
  },
  {
    name: "API",
    look: async () => `answers as ${(await (await context.account()).whoAmI()).username}`,
    command: "postern up",
    fix: () => renewKey(config, context),
  },
];

async function inspectUserConfig(): Promise<string> {
  const config = await readUserConfig().catch((error: unknown) => {
    throw new Trouble(asPosternError(error).message, {
      hint: "`--fix` puts it aside and asks for a new key.",
    });
  });
  if (config.api_key !== undefined || process.env.POSTERN_API_KEY) return userConfigFile();
  throw new Trouble(`${userConfigFile()} has no API key`, {
    hint: "`postern up` or `postern login` gets one.",
  });
}

/** What cannot be read is kept beside: it may hold the key of another Postern. */
async function renewUserConfig(): Promise<string> {
  const file = userConfigFile();
  const isBroken = await readUserConfig().then(
    () => false,
    () => true,
  );
  if (isBroken) await rename(file, `${file}.broken`);
  return up(isBroken ? `moved it to ${file}.broken and got a new key` : "got a key");
}

async function renewKey(config: Config, context: CliContext): Promise<string> {
  // Only this machine's own Postern gives keys to whoever owns its home.
  if (process.env.POSTERN_API_URL || process.env.POSTERN_API_KEY)
    throw new Trouble("POSTERN_API_URL or POSTERN_API_KEY says otherwise");
  const refused = await context.account().then(
    (control) =>
      control.whoAmI().then(
        () => false,
        (error) => asPosternError(error).code === "Y2002",
      ),
    () => true,
  );
  if (!refused && (await findDaemon(config.home))) throw new Trouble("the daemon does not answer");
  return up("got a new key");
}

/** The command itself: it takes over what a crashed daemon left, and gives this user a key. */
async function up(done: string): Promise<string> {
  await promisify(execFile)(process.execPath, [program, "up", "--json"], { cwd: "/" }).catch(
    (failure: { stderr?: string; message: string }) => {
      throw new Trouble(failure.stderr?.trim() || failure.message);
    },
  );
  return done;
}

/** Taken by others, where no daemon runs that would hold them itself. */
async function inspectPorts(config: Config): Promise<string> {
  const saved = JSON.parse(
    await readFile(join(config.home, "ports.json"), "utf8").catch(() => "{}"),
  ) as Record<string, number>;
  const ports: [string, string, number | undefined][] = [
    ["POSTERN_HTTP_PORT", "the API", config.httpPort || saved.http],
    ["POSTERN_POOL_PORT", "pooled connections", config.poolPort || saved.pool],
    ["POSTERN_DIRECT_PORT", "direct connections", config.directPort || saved.direct],
  ];
  const text = ports.map(([, , port]) => port ?? "any").join(", ");
  if (await findDaemon(config.home)) return `${text}: the daemon's`;
  for (const [variable, use, port] of ports) {
    const holder = port === undefined ? undefined : await findPortHolder(port);
    if (holder === undefined || isOwn(holder, config.home)) continue;
    const who =
      holder === "unknown"
        ? "another user's program"
        : `process ${holder.pid} (${holder.command.slice(0, 80)})`;
    throw new Trouble(`port ${port}, for ${use}, is taken by ${who}`, {
      hint: `End that program, or choose another port by ${variable}.`,
      command: `${variable}=0 postern up`,
    });
  }
  return `${text}: free`;
}

const isOwn = (holder: { command: string } | "unknown", home: string): boolean =>
  holder !== "unknown" && holder.command.includes(`${home}/`);

async function inspectDaemon(home: string): Promise<string> {
  const daemon = await findDaemon(home);
  if (!daemon) throw new Trouble("not running");
  const version = await readVersion();
  if (daemon.version !== version)
    throw new Trouble(`process ${daemon.pid} is version ${daemon.version}, and this command ${version}`, {
      hint: "Restart it; its servers are down for a moment.",
      command: "postern down && postern up",
    });
  return `process ${daemon.pid}, version ${daemon.version}, ${daemon.api_url}`;
}
