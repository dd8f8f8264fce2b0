/**
 * In charge of a connection to a registered server, encrypted as its registration says. Its name is resolved for each
 * attempt, and the address that was checked is the one that is connected to: a name that leads elsewhere a moment later
 * changes nothing.
 */
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { forbiddenAddress } from "../../base/forbidden-address.ts";
import { connectWithinMs, type RelayHost, type RelayTls } from "./relay-plan.ts";

/** Why a server cannot be reached; none of these is the fault of who asks. */
export class DialFailure extends Error {
  readonly kind: "forbidden" | "unresolved" | "unreachable" | "no-tls" | "untrusted";

  constructor(kind: DialFailure["kind"], message: string) {
    super(message);
    this.name = "DialFailure";
    this.kind = kind;
  }
}

const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** @throws DialFailure */
export async function dialServer(at: RelayHost, tls: RelayTls | null): Promise<Socket> {
  let failure: unknown;
  for (const address of await resolveChecked(at.host)) {
    try {
      const socket = await dial(address, at.port);
      return tls ? await encrypt(socket, at.host, tls) : socket;
    } catch (error) {
      if (error instanceof DialFailure && error.kind !== "unreachable") throw error;
      failure = error;
    }
  }
  throw failure;
}

/** @throws DialFailure when one of the addresses is none that Postern may connect to. */
export async function resolveChecked(host: string): Promise<string[]> {
  const addresses = isIP(host) ? [host] : await resolve(host);
  for (const address of addresses) {
    const reason = forbiddenAddress(address);
    if (reason) throw new DialFailure("forbidden", `${host} is ${address}, which is ${reason}`);
  }
  return addresses;
}

async function resolve(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new DialFailure("unresolved", `${host} cannot be resolved (${(error as { code?: string }).code})`);
  }
}

function dial(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 5_000,
    });
    const fail = (message: string) => {
      socket.destroy();
      reject(new DialFailure("unreachable", `${address} port ${port}: ${message}`));
    };
    const timer = setTimeout(() => fail(`no answer within ${connectWithinMs / 1000} s`), connectWithinMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      fail((error as { code?: string }).code ?? error.message);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      socket.on("error", () => socket.destroy());
      resolve(socket);
    });
  });
}

/** What the server says before the handshake may be the beginning of an attack: more than one byte is refused. */
async function encrypt(socket: Socket, host: string, tls: RelayTls): Promise<Socket> {
  socket.write(sslRequest);
  const answer = await firstBytes(socket);
  if (answer?.length !== 1 || answer[0] !== 0x53) {
    socket.destroy();
    if (answer === undefined) throw new DialFailure("unreachable", `${host} closed the connection`);
    throw new DialFailure("no-tls", `${host} does not encrypt`);
  }
  const verifies = tls.mode !== "require" || tls.ca !== null;
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: verifies,
      ...(tls.ca === null ? {} : { ca: tls.ca }),
      ...(tls.mode === "verify-full" ? { host } : { checkServerIdentity: () => undefined }),
      ALPNProtocols: ["postgresql"],
      minVersion: "TLSv1.2",
    });
    const timer = setTimeout(
      () => secure.destroy(new Error("the TLS handshake takes too long")),
      connectWithinMs,
    );
    secure.once("error", (error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new DialFailure("untrusted", `TLS with ${host} failed: ${error.message}`));
    });
    secure.once("secureConnect", () => {
      clearTimeout(timer);
      secure.removeAllListeners("error");
      secure.on("error", () => secure.destroy());
      resolve(secure);
    });
  });
}

function firstBytes(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(undefined), connectWithinMs);
    const onData = (bytes: Buffer) => finish(bytes);
    const onClose = () => finish(undefined);
    const finish = (bytes: Buffer | undefined) => {
      clearTimeout(timer);
      socket.pause();
      socket.removeListener("data", onData);
      socket.removeListener("close", onClose);
      resolve(bytes);
    };
    socket.on("data", onData);
    socket.once("close", onClose);
  });
}
