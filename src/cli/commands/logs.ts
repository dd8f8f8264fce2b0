/** In charge of `postern logs`: the log of the daemon or of one of its servers, and what is added to it. */
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { homeDirectory } from "../../base/directories.ts";
import { hasCode, posternError } from "../../base/error.ts";
import type { CommandRun } from "../command-spec.ts";
import { daemonLog, readTail } from "../daemon-process.ts";
import { readCount } from "../read-count.ts";
import { showServiceLog } from "../service-log.ts";

const pollMs = 300;

/** Postern's own; every other name is a service of the project's. */
const ownNames = /^(daemon|pgbouncer|system|shared|ins-[0-9a-f]{12})$/;

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const service = input.args[0];
  const isOwn = service === undefined || (ownNames.test(service) && input.text("env") === undefined);
  if (!isOwn || input.text("release") !== undefined) return showServiceLog(context, input, service);
  const file = logFile(homeDirectory(), service);
  const readable = service === undefined && output.forPeople ? readableLines : (text: string) => text;
  const { text, size } = await readTail(file, readCount(input, "lines") ?? 100).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
    throw posternError("Y0005", `There is no log yet: ${file}`, { hint: "Run `postern up`." });
  });
  if (text !== "") process.stdout.write(`${readable(text)}\n`);
  if (input.flag("follow")) await follow(file, size, readable);
  return undefined;
};

/** Until ^C. A log that was cut short is read from its beginning. */
async function follow(file: string, from: number, readable: (text: string) => string): Promise<never> {
  for (let at = from; ; await new Promise((resolve) => setTimeout(resolve, pollMs))) {
    const { size } = await stat(file);
    if (size < at) at = 0;
    if (size === at) continue;
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - at), 0, size - at, at);
      process.stdout.write(readable(buffer.toString("utf8", 0, bytesRead)));
      at += bytesRead;
    } finally {
      await handle.close();
    }
  }
}

/** `system`, `shared`, `ins-…`, `pgbouncer`; the daemon's own without a name. @throws Y1013 */
function logFile(home: string, service: string | undefined): string {
  if (service === undefined || service === "daemon") return daemonLog(home);
  if (service === "pgbouncer") return join(home, "pgbouncer", "pgbouncer.log");
  if (/^(system|shared|ins-[0-9a-f]{12})$/.test(service))
    return join(home, "instances", service, "postgres.log");
  throw posternError("Y1013", `There is no service called ${service}.`, {
    hint: "Name daemon, system, shared, pgbouncer, or an instance that `postern status` lists.",
  });
}

/** `time level message field=value …` for each JSON line; what is no JSON stays as it is. */
function readableLines(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      if (!line.startsWith("{")) return line;
      try {
        const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
        const rest = Object.entries(fields).map(
          ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
        );
        return [time, String(level).padEnd(5), msg, ...rest].join(" ");
      } catch {
        return line;
      }
    })
    .join("\n");
}
