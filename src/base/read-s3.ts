/** In charge of where backups go when they go to S3, or to what speaks as S3 does. */
import { posternError } from "./error.ts";
import { directory, type Environment, isOn } from "./read-variable.ts";

export interface S3Config {
  bucket: string;
  /** Before every key; no slash at its ends, empty: none. */
  prefix: string;
  /** Null: Amazon's own. */
  endpoint: string | null;
  region: string;
  /** `<endpoint>/<bucket>` instead of `<bucket>.<endpoint>`. */
  pathStyle: boolean;
}

/** What stays in the daemon: no backup's row knows of it. */
export interface S3Access {
  /** Trusted besides the well-known authorities. */
  caFile: string | null;
  accessKeyId: string | null;
  secretAccessKey: string | null;
}

/** What stands for a store, and what belongs to it. @throws Y0001 */
export function readS3(
  environment: Environment,
  variable: "POSTERN_BACKUP_STORE" | "POSTERN_PITR_STORE" = "POSTERN_BACKUP_STORE",
): S3Config | null {
  const text = environment[variable] || "local";
  if (text === "local") return null;
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w.!*'()/-]*))?$/.exec(text);
  if (!match) {
    throw posternError("Y0001", `${variable} is "${text}", which is no place to keep anything.`, {
      hint: "Use `local`, or s3://bucket or s3://bucket/prefix.",
    });
  }
  const endpoint = environment.POSTERN_S3_ENDPOINT?.replace(/\/+$/, "") || null;
  if (endpoint !== null && !/^https?:\/\/[^\s?#/]+$/.test(endpoint)) {
    throw posternError("Y0001", `POSTERN_S3_ENDPOINT is "${endpoint}", which is not an address.`, {
      hint: "Write https://host or https://host:port.",
    });
  }
  return {
    bucket: match[1]!,
    prefix: (match[2] ?? "").replace(/^\/+|\/+$/g, ""),
    endpoint,
    region: environment.POSTERN_S3_REGION || environment.AWS_REGION || "us-east-1",
    pathStyle: isOn(environment, "POSTERN_S3_PATH_STYLE", endpoint === null ? "0" : "1"),
  };
}

/** A store and the place in it, in one word: `s3://bucket/prefix?region=…`. */
export function renderS3({ bucket, prefix, endpoint, region, pathStyle }: S3Config): string {
  const query = new URLSearchParams({
    region,
    ...(endpoint === null ? {} : { endpoint }),
    ...(pathStyle ? { path_style: "1" } : {}),
  });
  return `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}?${query}`;
}

export function parseS3(place: string): S3Config {
  const url = new URL(place);
  return {
    bucket: url.hostname,
    prefix: decodeURIComponent(url.pathname).slice(1),
    endpoint: url.searchParams.get("endpoint"),
    region: url.searchParams.get("region") ?? "us-east-1",
    pathStyle: url.searchParams.get("path_style") === "1",
  };
}

export function readS3Access(environment: Environment = process.env): S3Access {
  return {
    caFile: environment.POSTERN_S3_CA_FILE ? directory(environment, "POSTERN_S3_CA_FILE", "") : null,
    accessKeyId: environment.POSTERN_S3_ACCESS_KEY_ID || null,
    secretAccessKey: environment.POSTERN_S3_SECRET_ACCESS_KEY || null,
  };
}
