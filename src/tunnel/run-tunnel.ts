/**
 * In charge of one Postgres session through another transport: the client's password is asked for, the pooler is logged
 * in at, and then bytes go both ways. Where the client goes never depends on what the client says.
 */
import type { Duplex } from "node:stream";
import { hasCode } from "../base/error.ts";
import { type Greeting, greetClient } from "./greet-client.ts";
import {
  connectTo,
  openUpstream,
  type PoolerAddress,
  type Upstream,
  UpstreamRefusal,
} from "./open-upstream.ts";
import { ProtocolViolation, StreamEnded } from "./read-message.ts";
import { closeGently, splice } from "./splice.ts";
import { encodeCancel, encodeFatal } from "./tunnel-messages.ts";

export interface TunnelOptions {
  pooler: PoolerAddress;
  /** Longest from the client's first byte to an open session, milliseconds. */
  startupTimeoutMs?: number;
}

const closeTimeoutMs = 5_000;

/** Resolves when the session has ended on both sides. `onOpen`: the client has proved who it is. */
export async function runTunnel(client: Duplex, options: TunnelOptions, onOpen: () => void): Promise<void> {
  // Its end is heard of by "close".
  client.on("error", () => {});
  const timer = setTimeout(() => client.destroy(), options.startupTimeoutMs ?? 30_000);
  try {
    const greeting = await greetClient(client);
    if (greeting.kind === "cancel") return await cancel(options.pooler, greeting.request);
    const upstream = await logIn(client, options.pooler, greeting);
    clearTimeout(timer);
    onOpen();
    client.write(upstream.welcome);
    const { isBusy } = await splice(client, upstream.socket);
    await endUpstream(upstream, isBusy, options.pooler);
  } catch (error) {
    sendRefusal(client, error);
  } finally {
    clearTimeout(timer);
    closeGently(client);
  }
}

async function logIn(
  client: Duplex,
  pooler: PoolerAddress,
  { startup, password }: Extract<Greeting, { kind: "session" }>,
): Promise<Upstream> {
  const socket = await connectTo(pooler);
  // A client that goes while it is logged in takes the login along.
  const leave = () => socket.destroy();
  client.once("close", leave).once("end", leave);
  try {
    return await openUpstream(socket, startup, password);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    client.off("close", leave).off("end", leave);
  }
}

/** SQLSTATE and words of Postgres: PgBouncer has others, and others again for a user that it does not know. */
const wrongPassword = encodeFatal("28P01", "password authentication failed");

function sendRefusal(client: Duplex, error: unknown): void {
  if (client.destroyed) return;
  if (error instanceof UpstreamRefusal) client.write(error.isOfLogin ? wrongPassword : error.response);
  else if (error instanceof ProtocolViolation) client.write(encodeFatal("08P01", error.message));
  else if (error instanceof StreamEnded || hasCode(error, "ECONNREFUSED", "ECONNRESET", "EPIPE"))
    client.write(encodeFatal("57P03", "The database's pooler cannot be reached now."));
  else client.write(encodeFatal("XX000", "The session could not be opened."));
}

/** A statement whose client has gone is cancelled: the pooler by itself would only stop listening to it. */
async function endUpstream(
  { socket, cancelKey }: Upstream,
  isBusy: boolean,
  pooler: PoolerAddress,
): Promise<void> {
  if (isBusy && cancelKey) await cancel(pooler, encodeCancel(cancelKey)).catch(() => {});
  if (socket.destroyed) return;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const timer = setTimeout(() => socket.destroy(), closeTimeoutMs);
  if (isBusy) socket.destroy();
  else socket.end().resume();
  await closed;
  clearTimeout(timer);
}

/** Resolves when the pooler has taken the request: it answers by closing. */
async function cancel(pooler: PoolerAddress, request: Buffer): Promise<void> {
  const socket = await connectTo(pooler);
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.setTimeout(closeTimeoutMs, () => socket.destroy());
    socket.resume();
    socket.write(request);
  });
}
