/** In charge of understanding why S3 did not do what it was asked. */
import { messageOf, PosternError, posternError } from "../base/error.ts";
import type { S3Config } from "../base/read-s3.ts";

interface S3Error {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
}

/** The object is not there; a bucket that is not there is the operator's trouble. */
export const isMissing = (error: unknown): boolean => {
  const { name, $metadata } = error as S3Error;
  return (
    name === "NoSuchKey" ||
    name === "NotFound" ||
    (name !== "NoSuchBucket" && $metadata?.httpStatusCode === 404)
  );
};

const networkCodes =
  /^(?:E(?:CONN|HOST|NET|TIMEDOUT|PIPE|AI_AGAIN|NOTFOUND)\w*|UND_ERR\w*|CERT_\w+|ERR_TLS\w*|SELF_SIGNED\w*|DEPTH_ZERO\w*|UNABLE_TO\w*)$/;

/** @returns Y6011 for what may pass, Y6012 for what will not, and anything else as it is. */
export function explainS3(error: unknown, { bucket, endpoint }: S3Config): unknown {
  if (error instanceof PosternError || !(error instanceof Error)) return error;
  const { name = "", code = "", $metadata } = error as S3Error;
  const status = $metadata?.httpStatusCode;
  const where = `s3://${bucket}${endpoint === null ? "" : ` at ${endpoint}`}`;
  const detail = `${where}: ${[name, messageOf(error)].filter((text) => text !== "" && text !== "Error").join(": ")}`;
  const passes =
    networkCodes.test(code) ||
    name === "TimeoutError" ||
    name === "SlowDown" ||
    (status !== undefined && (status >= 500 || status === 429)) ||
    /socket hang up|timed? ?out/i.test(messageOf(error));
  if (passes)
    return posternError("Y6011", "The store of the backups does not answer.", {
      detail,
      hint: "Nothing half made stays there. See POSTERN_BACKUP_STORE and POSTERN_S3_ENDPOINT.",
      cause: error,
    });
  if (status !== undefined || name === "CredentialsProviderError")
    return posternError("Y6012", "The store of the backups refused.", {
      detail,
      hint: "Look at its keys, its bucket and what they may do there.",
      cause: error,
    });
  return error;
}
