/** In charge of naming what the daemon and its data-plane workers say to each other. */
import type { ErrorBody } from "@postern/sdk/protocol";
import type { ClientAccess } from "../../access/authenticate-client.ts";
import type { ReadLogin } from "../../access/read-login.ts";
import type { Config } from "../../base/config.ts";
import type { DatabaseId, TokenId } from "../../base/id.ts";
import type { Observation } from "../../base/observation.ts";
import type { ServerCertificate } from "../../http/server-options.ts";
import type { TraceBundle } from "../../insights/trace-bundle.ts";
import type { ClientLogins } from "../../instances/client-access.ts";
import type { DatabaseAddress } from "../../instances/database-address.ts";
import type { RequestSigner } from "../../instances/state-log.ts";
import type { KnownToken } from "../../state/tokens.ts";

/** What a worker may ask: all that it needs of Postern's own tables. */
export interface WorkerQuestions {
  /** The tokens that open the database; none when there is no such database. */
  knownTokens(databaseId: DatabaseId): Promise<KnownToken[]>;
  /** @throws Y3001 Y3004 */
  findAddress(databaseId: DatabaseId): Promise<DatabaseAddress>;
  /** Undefined for an unknown database. */
  findClientAccess(databaseId: DatabaseId): Promise<ClientAccess | undefined>;
  /** @throws Y3001 Y3004 */
  openClientAccess(databaseId: DatabaseId): Promise<ClientLogins>;
  /** @throws Y3001 Y3004 */
  prepareLog(databaseId: DatabaseId): Promise<RequestSigner>;
  readLogin: ReadLogin;
  /** By the database's name inside Postgres. */
  findDatabaseId(innerName: string): Promise<DatabaseId | undefined>;
  /** Is it answered here, or does what stands behind answer it? Asked at gateways only. */
  isHere(databaseId: DatabaseId): Promise<boolean>;
}

/** What the daemon tells every worker, and waits for until it is done. */
export interface WorkerOrders {
  /** Ends the sessions of the database and forgets all about it. */
  closeDatabase(databaseId: DatabaseId): Promise<void>;
  /** The same once what is under way is answered. */
  drainDatabase(databaseId: DatabaseId): Promise<void>;
  /** Closes its sessions as soon as each is free. */
  retireSessions(databaseId: DatabaseId): Promise<void>;
  /** Ends the sessions of its clients and forgets who may be one. */
  closeClients(databaseId: DatabaseId): Promise<void>;
  /** Forgets which tokens open it. */
  forgetTokens(databaseId: DatabaseId): Promise<void>;
  /** For connections from now on. */
  renewCertificate(certificate: ServerCertificate): Promise<void>;
  /** Takes no more requests and ends when those under way are answered. */
  drain(graceMs: number): Promise<void>;
}

export interface WorkerStart {
  config: Config;
  port: number;
  /** Null: plain HTTP. */
  certificate: ServerCertificate | null;
  /** Where the daemon answers everything that is not plain SQL over HTTP. */
  daemonSocket: string;
  /** Some databases are answered elsewhere: it asks which. */
  isGateway?: boolean;
  /** How many workers share the connections to a database. */
  workers: number;
}

/** Requests that differ in nothing but their time. */
export interface RequestSummary {
  method: string;
  route: string;
  status: number;
  code?: string;
  durationsMs: ArrayLike<number> & Iterable<number>;
}

export type WorkerMessage =
  | { type: "ask"; id: number; what: keyof WorkerQuestions; argument: string }
  | { type: "done"; id: number; error?: ErrorBody }
  | {
      type: "observed";
      observation: Exclude<Observation, { type: "fault" }> | { type: "fault"; where: string; error: string };
    }
  /** A token was used; told about once a minute. */
  | { type: "used"; token: TokenId }
  | { type: "answered"; underWay: number; summaries: RequestSummary[] }
  /** What statements took. */
  | { type: "traced"; bundle: TraceBundle }
  /** It listens to messages now; what was sent before is lost. */
  | { type: "hello" }
  | { type: "ready" }
  | { type: "failed"; error: ErrorBody };

export type DaemonMessage =
  | ({ type: "start" } & WorkerStart)
  | { type: "answer"; id: number; value?: unknown; error?: ErrorBody }
  | { type: "order"; id: number; what: keyof WorkerOrders; argument: unknown };
