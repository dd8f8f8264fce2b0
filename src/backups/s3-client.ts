/** In charge of the connection to S3: one client for each place and key, kept for as long as the daemon lives. */
import { readFile, stat } from "node:fs/promises";
import { Agent } from "node:https";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import type { S3Client } from "@aws-sdk/client-s3";
import { posternError } from "../base/error.ts";
import { readS3Access, type S3Access, type S3Config } from "../base/read-s3.ts";

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

const clients = new Map<string, S3Client>();

/** @throws Y6012 without keys, or when their file is open to others. */
export async function openS3Client(config: S3Config, secrets: string): Promise<S3Client> {
  const access = readS3Access();
  const credentials = await readS3Credentials(secrets, access);
  const identity = JSON.stringify([config, credentials, access.caFile]);
  const known = clients.get(identity);
  if (known) return known;
  const { S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    region: config.region,
    ...(config.endpoint === null ? {} : { endpoint: config.endpoint }),
    forcePathStyle: config.pathStyle,
    credentials,
    maxAttempts: 3,
    // Postern's own SHA-256 tells; not every store understands the newer ones.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: 30_000,
      requestTimeout: 120_000,
      throwOnRequestTimeout: true,
      ...(access.caFile === null ? {} : { httpsAgent: await trusting(access.caFile) }),
    },
  });
  clients.set(identity, client);
  return client;
}

async function trusting(caFile: string): Promise<Agent> {
  return new Agent({
    keepAlive: true,
    maxSockets: 50,
    ca: [...rootCertificates, await readFile(caFile, "utf8")],
  });
}

/** From the environment, else from a file of two lines: `access_key_id = …` and `secret_access_key = …`. */
export async function readS3Credentials(
  secrets: string,
  access: S3Access = readS3Access(),
): Promise<S3Credentials> {
  const { accessKeyId, secretAccessKey } = access;
  const file = join(secrets, "s3-keys");
  if (accessKeyId !== null && secretAccessKey !== null) return { accessKeyId, secretAccessKey };
  const refused = (message: string) =>
    posternError("Y6012", message, {
      hint: `Set POSTERN_S3_ACCESS_KEY_ID and POSTERN_S3_SECRET_ACCESS_KEY, or write access_key_id and secret_access_key into ${file} (mode 0600).`,
    });
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) throw refused("There are no keys for the store.");
  if (((await stat(file)).mode & 0o077) !== 0) throw refused(`Others than its owner may read ${file}.`);
  const settingOf = (name: string) =>
    new RegExp(`^\\s*(?:aws_)?${name}\\s*[=:]\\s*(\\S+)\\s*$`, "m").exec(text)?.[1];
  const id = settingOf("access_key_id");
  const secret = settingOf("secret_access_key");
  if (id === undefined || secret === undefined) throw refused(`${file} does not hold both keys.`);
  return { accessKeyId: id, secretAccessKey: secret };
}
