/** In charge of `postern doctor`: what could keep Postern from working, each with what mends it. */
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type Config, readConfig } from "../../base/config.ts";
import { readDiskSpace } from "../../base/disk-space.ts";
import { asPosternError, messageOf, type PosternError } from "../../base/error.ts";
import { isLoopback, requireSafeListen } from "../../base/listen.ts";
import { readCertificate } from "../../base/read-certificate.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { findDaemon } from "../daemon-process.ts";
import { describeListen } from "../describe-listen.ts";
import { formatBytes } from "../format.ts";

interface Check {
  name: string;
  ok: boolean;
  detail: string;
  hint: string | null;
}

export const run: CommandRun = async (context) => {
  const { output } = context;
  const checks = await inspect(context);
  await output.print(checks, () =>
    checks
      .map(({ name, ok, detail, hint }) => {
        const mark = ok ? output.paint.green("✓") : output.paint.red("✗");
        return `${mark} ${name.padEnd(14)} ${detail}${hint ? `\n  Hint: ${hint}` : ""}`;
      })
      .join("\n"),
  );
  return checks.every(({ ok }) => ok) ? 0 : 1;
};

async function inspect(context: CliContext): Promise<Check[]> {
  const node = check("Node", () => process.version);
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    return [await node, failed("configuration", asPosternError(error))];
  }
  return Promise.all([
    node,
    check(
      "home",
      () => inspectHome(config.home),
      "Choose a folder that this user can write, by POSTERN_HOME.",
    ),
    check("free space", () => inspectSpace(config), "Free some space, or move POSTERN_HOME."),
    check("toolchain", () => inspectToolchain(config), "`postern up` sets it up."),
    check("daemon", () => inspectDaemon(config.home), "Run `postern up`."),
    check("API", async () => `answers as ${(await (await context.account()).whoAmI()).username}`),
    check("certificate", () => inspectCertificate(config)),
    check("exposure", () => inspectExposure(config, context), "Set POSTERN_TLS_CERT and POSTERN_TLS_KEY."),
    check("archives", () => inspectArchives(context), "`postern db pitr show` tells more."),
    check("services", () => inspectServices(context), "`postern logs` tells more."),
  ]);
}

async function check(name: string, look: () => string | Promise<string>, hint?: string): Promise<Check> {
  try {
    return { name, ok: true, detail: await look(), hint: null };
  } catch (thrown) {
    return failed(name, asPosternError(thrown), hint);
  }
}

const failed = (name: string, error: PosternError, hint?: string): Check => ({
  name,
  ok: false,
  detail: error.code === "Y9001" ? (error.detail ?? error.message) : error.message,
  hint: hint ?? error.hint ?? null,
});

async function inspectHome(home: string): Promise<string> {
  await access(await existing(home), constants.W_OK | constants.X_OK);
  return home;
}

async function inspectSpace({ home, diskReserveBytes }: Config): Promise<string> {
  const { freeBytes, reserveBytes } = await readDiskSpace(await existing(home), diskReserveBytes);
  const text = `${formatBytes(freeBytes)} free`;
  if (freeBytes < reserveBytes)
    throw new Error(`${text}, less than the reserve of ${formatBytes(reserveBytes)}: nothing new begins`);
  return text;
}

async function inspectToolchain({ toolchainDirectory, toolchain }: Config): Promise<string> {
  if (toolchain === "system") return "the system's";
  const entries = await readdir(toolchainDirectory).catch((error: unknown) => {
    throw new Error(messageOf(error));
  });
  if (entries.length === 0) throw new Error(`${toolchainDirectory} is empty`);
  return toolchainDirectory;
}

async function inspectDaemon(home: string): Promise<string> {
  const daemon = await findDaemon(home);
  if (!daemon) throw new Error("not running");
  return `process ${daemon.pid}, version ${daemon.version}, ${daemon.api_url}`;
}

async function inspectCertificate({ tls }: Config): Promise<string> {
  if (tls === null) return "none: nothing is encrypted";
  const { names, expiresAt } = await readCertificate(tls, new Date());
  return `${names.join(", ")}, until ${expiresAt.toISOString().slice(0, 10)}`;
}

/** As the daemon has it; as it is configured where none answers. */
async function inspectExposure(config: Config, context: CliContext): Promise<string> {
  const status = await (await context.account()).status().catch(() => undefined);
  if (!status) {
    requireSafeListen(config);
    return isLoopback(config.listen) ? "this machine only" : `${config.listen}, once it runs`;
  }
  const text = describeListen(status);
  if (status.listen.exposed && status.listen.certificate === null) throw new Error(text);
  return text;
}

async function inspectServices(context: CliContext): Promise<string> {
  const { services } = await (await context.account()).status();
  const troubled = services.filter(({ status }) => status !== "running");
  if (troubled.length === 0) return `${services.length} running`;
  throw new Error(troubled.map(({ name, status, detail }) => `${name} ${status} ${detail ?? ""}`).join("; "));
}

async function inspectArchives(context: CliContext): Promise<string> {
  const { toolchain, warnings } = await (await context.account()).status();
  if (toolchain.pgbackrest === null) return "none: this toolchain cannot recover to a point in time";
  const troubles = warnings.filter((text) => text.startsWith("The archive of "));
  if (troubles.length === 0) return `pgBackRest ${toolchain.pgbackrest}`;
  throw new Error(troubles.join("; "));
}

/** The folder, or the nearest one above it that exists. */
async function existing(path: string): Promise<string> {
  return access(path).then(
    () => path,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" || dirname(path) === path) throw error;
      return existing(dirname(path));
    },
  );
}
