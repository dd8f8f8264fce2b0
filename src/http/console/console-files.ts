/**
 * In charge of the console's files: the page for every address below /console/, and what it consists of, compressed when
 * it was built. Names of parts carry a hash of their content, so browsers keep them.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyReply, FastifyRequest } from "fastify";
import { posternError } from "../../base/error.ts";
import type { HttpApp } from "../http-app.ts";

const builtInto = fileURLToPath(new URL("../../console/", import.meta.url));

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json; charset=utf-8",
};

/** Nothing from elsewhere, nothing inside the page's text, nobody around it; and no text becomes markup. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export const consoleHeaders = {
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};

interface BuiltFile {
  type: string;
  etag: string;
  plain: Buffer;
  br: Buffer | undefined;
  gzip: Buffer | undefined;
}

/** @param directory with the built console; it is read at the first request. */
export function consoleFileRoutes(app: HttpApp, directory = builtInto): void {
  let files: Map<string, BuiltFile> | undefined;
  const schema = { hide: true } as never;
  // Whoever looks whether the console is there asks for no more than the head.
  const options = { schema, exposeHeadRoute: true };
  app.get("/console", options, (_request, reply) => reply.redirect("/console/", 308));
  app.get("/console/*", options, (request, reply) => {
    files ??= readBuilt(directory);
    const path = (request.params as { "*": string })["*"];
    const file = files.get(path);
    if (file && path !== "index.html") {
      reply.header("cache-control", "public, max-age=31536000, immutable");
      return send(request, reply, file);
    }
    const page = files.get("index.html");
    if (/^(?:assets|v1|session|sessions)(?:\/|$)/.test(path) || !page) throw absent(page !== undefined);
    reply.header("cache-control", "no-cache");
    return send(request, reply, page);
  });
}

const absent = (built: boolean) =>
  posternError("Y1005", built ? "The console has no such file." : "The console was not built.", {
    hint: built ? "Load the page again." : "Run `npm run build` in Postern's folder.",
  });

function readBuilt(directory: string): Map<string, BuiltFile> {
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory, { recursive: true }) as string[];
  const isSource = (name: string) =>
    (name === "index.html" || name.startsWith("assets/")) && types[extname(name)] !== undefined;
  const read = (name: string) => (names.includes(name) ? readFileSync(join(directory, name)) : undefined);
  return new Map(
    names.filter(isSource).map((name) => {
      const plain = readFileSync(join(directory, name));
      const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
      const type = types[extname(name)]!;
      return [name, { type, etag, plain, br: read(`${name}.br`), gzip: read(`${name}.gz`) }];
    }),
  );
}

function send(request: FastifyRequest, reply: FastifyReply, file: BuiltFile): FastifyReply {
  reply.headers(consoleHeaders).header("etag", file.etag).header("vary", "accept-encoding");
  if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
  const accepted = String(request.headers["accept-encoding"] ?? "");
  const encoding = (["br", "gzip"] as const).find(
    (one) => file[one] && new RegExp(`\\b${one}\\b(?!;q=0(?:\\.0*)?(?:,|$))`).test(accepted),
  );
  if (encoding) reply.header("content-encoding", encoding);
  return reply.type(file.type).send(encoding ? file[encoding] : file.plain);
}
