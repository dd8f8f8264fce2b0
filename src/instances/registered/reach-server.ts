/** In charge of the first words with a server that is to be registered, and of saying what stands in the way. */
import { messageOf, posternError } from "../../base/error.ts";
import { isLocalAddress } from "../../base/forbidden-address.ts";
import { ServerError } from "../../postgres/wire/server-error.ts";
import { DialFailure, resolveChecked } from "../../runtime/relay/dial-server.ts";
import { openSession, ReadOnlyServer } from "../../runtime/relay/open-session.ts";
import type { RelayTls } from "../../runtime/relay/relay-plan.ts";
import type { Dsn } from "./parse-dsn.ts";

export interface ReachOptions {
  /** Certificates of authorities, PEM. */
  ca: string | null;
  /** A server of this machine or of a private network may be spoken to in the clear. */
  insecure: boolean;
}

export interface ReachedServer {
  tls: RelayTls | null;
  version: string;
}

/** Of Postgres. */
export const oldestMajor = 15;
const newestMajor = 18;

/** @throws Y8011 Y8012 Y8013 Y8014 Y8015 Y8016 */
export async function reachServer(dsn: Dsn, { ca, insecure }: ReachOptions): Promise<ReachedServer> {
  const mayBePlain = insecure && (await isNearby(dsn));
  if (dsn.tlsMode === "disable" && !mayBePlain) throw plainRefused(insecure);
  const modes =
    dsn.tlsMode === "disable"
      ? [null]
      : [
          { mode: dsn.tlsMode ?? "require", ca } as const,
          ...(dsn.tlsMode === null && mayBePlain ? [null] : []),
        ];
  for (const [index, tls] of modes.entries()) {
    try {
      const version = await greet(dsn, tls);
      return { tls, version: requireVersion(version) };
    } catch (error) {
      const isLast = index === modes.length - 1;
      if (!isLast && error instanceof DialFailure && error.kind === "no-tls") continue;
      throw explainUnreached(error, insecure);
    }
  }
  throw new Error("no way to connect was left");
}

async function greet(dsn: Dsn, tls: RelayTls | null): Promise<string> {
  const { socket, reported } = await openSession({
    hosts: dsn.hosts,
    tls,
    user: dsn.user,
    passwords: [dsn.password],
    parameters: { database: dsn.database, application_name: "postern" },
  });
  socket.destroy();
  return reported.server_version ?? "";
}

async function isNearby(dsn: Dsn): Promise<boolean> {
  try {
    const addresses = await Promise.all(dsn.hosts.map(({ host }) => resolveChecked(host)));
    return addresses.flat().every(isLocalAddress);
  } catch (error) {
    throw explainUnreached(error, true);
  }
}

function requireVersion(text: string): string {
  const version = text.split(" ")[0]!;
  const major = Number.parseInt(version, 10);
  if (major >= oldestMajor && major <= newestMajor) return version;
  throw posternError("Y8015", `The server runs Postgres ${version || "of an unknown version"}.`, {
    detail: `Postern works with Postgres ${oldestMajor} to ${newestMajor}.`,
    hint: major < oldestMajor ? "Upgrade the server first." : "A newer Postern may know it.",
  });
}

const plainRefused = (insecure: boolean, detail?: string) =>
  posternError("Y8013", "The connection to the server would not be encrypted.", {
    detail,
    hint: insecure
      ? "`--insecure` is for servers of this machine and of private networks; this one is neither."
      : "Use sslmode=verify-full with `--ca FILE`, or sslmode=require. `--insecure` allows plain connections to this machine and to private networks.",
  });

/** Each of them says what to do. */
export function explainUnreached(error: unknown, insecure: boolean): unknown {
  const detail = messageOf(error);
  if (error instanceof ReadOnlyServer)
    return posternError("Y8016", "The server takes no writes.", {
      detail,
      hint: "Give the address of the primary, or of the proxy that leads to it.",
    });
  if (error instanceof ServerError)
    return posternError("Y8014", "The server refused the login.", {
      detail: `${error.code}: ${detail}`,
      hint: "Check user, password and database of the URL, and the server's rules for this machine's address.",
    });
  if (!(error instanceof DialFailure)) return error;
  switch (error.kind) {
    case "forbidden":
      return posternError("Y8011", "The address of the server is none that Postern connects to.", {
        detail,
        hint: "Give the address of the Postgres server itself.",
      });
    case "no-tls":
      return plainRefused(insecure, detail);
    case "untrusted":
      return posternError("Y8013", "The server's certificate is not trusted.", {
        detail,
        hint: "Give the authority's certificate with `--ca FILE`, and the name that the server's certificate is for.",
      });
    default:
      return posternError("Y8012", "The server cannot be reached.", {
        detail,
        hint: "Is the address right, does the server run, and do firewalls let this machine in?",
      });
  }
}
