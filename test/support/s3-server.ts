/** In charge of an S3 for a test: s3rver over TLS, with the parts of uploads that it does not know of, and troubles on demand. */
import { readdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

/** What of Koa is used here. */
interface Context {
  method: string;
  path: string;
  query: Record<string, string | undefined>;
  status: number;
  type: string;
  body: unknown;
  res: { destroy(): void; once(event: string, listener: () => void): void };
}
type Middleware = (context: Context, next: () => Promise<void>) => Promise<void>;

interface S3rver {
  middleware: Middleware[];
  run(): Promise<{ port: number }>;
  close(): Promise<void>;
}

export interface S3Server {
  port: number;
  endpoint: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Uploads in parts that were begun and neither completed nor taken back. */
  unfinished: Map<string, string>;
  /** Answers every request in its place; undefined: as usual. */
  trouble: ((context: Context) => Promise<void> | void) | undefined;
  /** Each request waits for it before it is answered as usual: a store that is slow. */
  slow: ((context: Context) => Promise<void>) | undefined;
  /** How many requests came. */
  requests: number;
  close(): Promise<void>;
}

export interface S3ServerOptions {
  directory: string;
  key: Buffer | string;
  cert: Buffer | string;
  port?: number;
}

const bucket = "backups";

export async function startS3Server({ directory, key, cert, port = 0 }: S3ServerOptions): Promise<S3Server> {
  const Server = createRequire(import.meta.url)("s3rver") as new (options: object) => S3rver;
  const app = new Server({
    directory,
    address: "127.0.0.1",
    port,
    silent: true,
    key,
    cert,
    vhostBuckets: false,
    configureBuckets: [{ name: bucket }],
  });
  const server: S3Server = {
    port: 0,
    endpoint: "",
    bucket,
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    unfinished: new Map(),
    trouble: undefined,
    slow: undefined,
    requests: 0,
    close: () => app.close(),
  };
  app.middleware.unshift(async (context, next) => {
    server.requests += 1;
    if (server.trouble) return server.trouble(context);
    await server.slow?.(context);
    if (await answerUploads(server, directory, context)) return;
    await next();
    await noteUploads(server, context);
  });
  server.port = (await app.run()).port;
  server.endpoint = `https://127.0.0.1:${server.port}`;
  return server;
}

/** s3rver lacks the list of uploads and taking one back. */
async function answerUploads(server: S3Server, directory: string, context: Context): Promise<boolean> {
  const { uploadId } = context.query;
  if (context.method === "DELETE" && uploadId !== undefined) {
    server.unfinished.delete(uploadId);
    await rm(join(directory, bucket, "._uploads", uploadId), { recursive: true, force: true });
    context.status = 204;
    return true;
  }
  if (context.method !== "GET" || !("uploads" in context.query)) return false;
  const isAsked = ([, name]: [string, string]) => name.startsWith(context.query.prefix ?? "");
  const uploads = [...server.unfinished]
    .filter(isAsked)
    .map(([id, name]) => `<Upload><Key>${name}</Key><UploadId>${id}</UploadId></Upload>`);
  context.type = "application/xml";
  context.body = `<?xml version="1.0"?><ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${uploads.join("")}</ListMultipartUploadsResult>`;
  return true;
}

async function noteUploads(server: S3Server, context: Context): Promise<void> {
  if (context.method !== "POST") return;
  const { uploadId } = context.query;
  if (uploadId !== undefined && context.status === 200) server.unfinished.delete(uploadId);
  const id = /<UploadId>([^<]+)/.exec(String(context.body))?.[1];
  if ("uploads" in context.query && id !== undefined)
    server.unfinished.set(id, decodeURIComponent(context.path).slice(bucket.length + 2));
}

/** Files of objects, and of parts. */
export async function listS3Files(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}
