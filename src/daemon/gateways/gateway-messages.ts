/** In charge of naming what a gateway and a control plane say to each other, over HTTP. */
import type { DatabaseId, TokenId } from "../../base/id.ts";
import type { TraceBundle } from "../../insights/trace-bundle.ts";
import type { RelayHost, RelayTls } from "../../runtime/relay/relay-plan.ts";
import type { WorkerOrders, WorkerQuestions } from "../workers/worker-messages.ts";

/** Raised when the two could misunderstand each other. */
export const gatewayProtocol = 2;

/** What a gateway says of itself when it comes. */
export interface GatewaySelf {
  /** New with each start. */
  id: string;
  name: string;
  version: string;
  /** Where it takes requests. */
  address: string;
  protocol: number;
}

/** What of the control plane's configuration counts at its gateways too. */
export interface GatewayRules {
  version: string;
  domain: string;
  origins: string[];
}

/** The orders that concern one database; a gateway obeys them as a worker does. */
export type GatewayOrder = Extract<
  keyof WorkerOrders,
  "closeDatabase" | "drainDatabase" | "retireSessions" | "closeClients" | "forgetTokens"
>;

/** What comes by the stream. */
export type GatewayEvent =
  | { type: "welcome"; rules: GatewayRules }
  /** Nothing has happened: while these come, what is remembered holds. */
  | { type: "still-here" }
  | { type: "order"; id: number; what: GatewayOrder; databaseId: DatabaseId }
  /** Whoever has the session with this key cancels what runs in it. SHA-256 of the key, hex. */
  | { type: "cancel"; digest: string };

/** Longest silence of the stream in which a gateway still believes what it remembers; well below `obeyWithinMs`. */
export const silenceMs = 3_000;
export const stillHereEveryMs = 750;
/** A gateway that has not done by then what it was told is cut off, and answers nothing any more. */
export const obeyWithinMs = 4_500;
/** What processes of the data plane remember of who may ask. */
export const rememberedMs = 1_000;

/** Where a database is, for a gateway. */
export type GatewayPlace =
  /** On the control plane's own machine, or it takes no requests now: requests are forwarded. */
  | { type: "elsewhere" }
  | {
      type: "here";
      database: string;
      user: string;
      instance: string;
      hosts: RelayHost[];
      tls: RelayTls | null;
      /** Passwords of the roles that a gateway logs in as, the newest first. */
      logins: Record<string, string[]>;
    };

/** Where sessions with a database's own server are opened. */
export type GatewayDoor =
  | { type: "none" }
  | { type: "instance"; hosts: RelayHost[]; tls: RelayTls | null }
  /** On the control plane's own machine. */
  | { type: "port"; port: number };

/** What a gateway may ask. */
export interface GatewayQuestions
  extends Pick<
    WorkerQuestions,
    "knownTokens" | "findClientAccess" | "openClientAccess" | "prepareLog" | "readLogin" | "findDatabaseId"
  > {
  place(databaseId: DatabaseId): Promise<GatewayPlace>;
  /** By the database's name in Postgres. */
  door(innerName: string): Promise<GatewayDoor>;
  /** Port of this control plane's pooler; the argument is empty. */
  poolPort(nothing: string): Promise<number>;
}

/** What a gateway tells by itself. */
export interface GatewayReport {
  /** Tokens that were used. */
  tokens: TokenId[];
  traces: TraceBundle[];
}

/** Buffers are told as Node writes them into JSON. */
export const parseAnswer = (text: string): unknown =>
  JSON.parse(text, (_, value: unknown) => (isBufferJson(value) ? Buffer.from(value.data) : value));

const isBufferJson = (value: unknown): value is { type: "Buffer"; data: number[] } =>
  typeof value === "object" &&
  value !== null &&
  (value as { type?: unknown }).type === "Buffer" &&
  Array.isArray((value as { data?: unknown }).data);
