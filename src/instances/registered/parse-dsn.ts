/** In charge of reading the URL of a server that is to be registered. Pure. */
import { isIP } from "node:net";
import { posternError } from "../../base/error.ts";
import type { RelayHost, RelayTls } from "../../runtime/relay/relay-plan.ts";

export interface Dsn {
  hosts: RelayHost[];
  user: string;
  password: string;
  database: string;
  /** Null: the URL leaves it open. */
  tlsMode: RelayTls["mode"] | "disable" | null;
}

const shape = /^postgres(?:ql)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const tlsModes = ["disable", "require", "verify-ca", "verify-full"];
/** Parameters that say nothing of how Postern reaches the server, or what it does anyway. */
const harmless = ["application_name", "connect_timeout", "channel_binding", "sslrootcert", "gssencmode"];

/** @throws Y8010 */
export function parseDsn(text: string): Dsn {
  const [, user, password, hosts, path, query] = shape.exec(text.trim()) ?? [];
  if (!hosts) throw invalid("It has another form than postgres://user:password@host:port/database.");
  if (!user || !password) throw invalid("It names no user, or no password.");
  const parameters = new URLSearchParams(query ?? "");
  for (const [name, value] of parameters) checkParameter(name, value);
  return {
    hosts: hosts.split(",").map(parseHost),
    user: decode(user),
    password: decode(password),
    database: path ? decode(path) : "postgres",
    tlsMode: readMode(parameters.get("sslmode")),
  };
}

function checkParameter(name: string, value: string): void {
  if (name === "sslmode" || harmless.includes(name)) return;
  if (name === "target_session_attrs" && ["read-write", "primary", "any"].includes(value)) return;
  throw invalid(`Its parameter "${name}" means nothing here.`);
}

/** `prefer` and `allow` would send the password in the clear where somebody in between says so. */
function readMode(mode: string | null): Dsn["tlsMode"] {
  if (mode === null || mode === "prefer" || mode === "allow") return null;
  if (tlsModes.includes(mode)) return mode as Dsn["tlsMode"];
  throw invalid(`Its sslmode "${mode}" is none of: ${tlsModes.join(", ")}.`);
}

function parseHost(text: string): RelayHost {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? (plain && decode(plain));
  if (!host) throw invalid(`"${text}" names no host.`);
  if (host.startsWith("/")) throw invalid("It names a unix socket; a registered server is reached over TCP.");
  const isName = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\.?$/i.test(host);
  if (isIP(host) === 0 && (!isName || isNumeric(host))) throw invalid(`"${host}" is no name of a host.`);
  const number = Number(port ?? 5432);
  if (number < 1 || number > 65_535) throw invalid(`${port} is no port.`);
  return { host, port: number };
}

/** 2130706433, 0x7f.1, 127.1: addresses in disguise, which some resolvers read. */
const isNumeric = (host: string): boolean => /^(0x[0-9a-f]+|\d+)(\.(0x[0-9a-f]+|\d+))*\.?$/i.test(host);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("It has a % that begins no escape.");
  }
}

const invalid = (detail: string) =>
  posternError("Y8010", "The URL of the server cannot be used.", {
    detail,
    hint: "For example: postgres://admin:secret@db.example.com:5432/postgres?sslmode=verify-full",
  });
