/** In charge of `postern admin instance register`. */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { DatabaseClass, RegisteredInstance, RegisterInstanceRequest } from "@postern/sdk/protocol";
import { messageOf, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { startProgress } from "../progress.ts";
import { readCount } from "../read-count.ts";
import { readLabels } from "../read-labels.ts";
import { renderInstance } from "./instance-show.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const request = await readRequest(input);
  const control = await context.account();
  const progress = startProgress(output);
  progress.update(`Looking at ${request.name}`);
  const instance = await control.registerInstance(request).finally(() => progress.end());
  output.success(`Registered instance ${instance.name} (${instance.id})\n`);
  await output.print(instance, () => renderInstance(instance, output.paint));
  output.talk(nextStep(instance));
  return undefined;
};

const nextStep = ({ name, classes }: RegisteredInstance): string =>
  classes.length === 0
    ? `Databases are placed there by name: postern db create --instance ${name}`
    : `New databases of ${classes.join(" and ")} are placed there.`;

async function readRequest(input: CommandInput): Promise<RegisterInstanceRequest> {
  const request: RegisterInstanceRequest = { name: input.text("name")!, dsn: await readDsn(input) };
  const ca = input.text("ca") ?? rootCertificateOf(request.dsn);
  if (ca !== undefined) request.ca = await read(ca, "--ca");
  const tier = input.text("tier");
  if (tier !== undefined) request.classes = tier.split(",").map(readClass);
  const labels = readLabels(input.list("label"));
  if (labels) request.labels = labels;
  const capacity = readCount(input, "capacity");
  if (capacity !== undefined) request.capacity = capacity;
  const connections = readCount(input, "maxConnections");
  if (connections !== undefined) request.max_connections = connections;
  if (input.flag("insecure")) request.insecure = true;
  if (input.flag("takeOver")) request.take_over = true;
  return request;
}

/** An argument is seen by whoever lists processes: a file or the environment are the ways without that. */
async function readDsn(input: CommandInput): Promise<string> {
  const file = input.text("dsnFile");
  const given = input.text("dsn");
  if (given !== undefined && file !== undefined)
    throw posternError("Y1013", "The address is given twice.", { hint: "Give --dsn or --dsn-file." });
  if (given !== undefined) return given;
  if (file === "-") return (await text(process.stdin)).trim();
  if (file !== undefined) return (await read(file, "--dsn-file")).trim();
  const set = process.env.POSTERN_INSTANCE_DSN;
  if (set) return set;
  throw posternError("Y1013", "The address of the server is missing.", {
    hint: "Give --dsn-file FILE, --dsn URL, or set POSTERN_INSTANCE_DSN.",
  });
}

/** As libpq reads it: a file of this machine. */
const rootCertificateOf = (dsn: string): string | undefined => {
  const found = /[?&]sslrootcert=([^&#]+)/.exec(dsn)?.[1];
  return found === undefined || found === "system" ? undefined : decodeURIComponent(found);
};

const read = (file: string, flag: string): Promise<string> =>
  readFile(file, "utf8").catch((error: unknown) => {
    throw posternError("Y1013", `The file of ${flag} cannot be read.`, { detail: messageOf(error) });
  });

function readClass(word: string): DatabaseClass {
  const name = word.trim();
  if (["db.p1", "db.p2", "db.p3"].includes(name)) return name as DatabaseClass;
  throw posternError("Y1013", `"${name}" is no class of databases.`, {
    hint: "For example: --tier db.p1,db.p3",
  });
}
