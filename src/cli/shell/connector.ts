/** In charge of the ways to a Postgres session: a socket to the server, or a WebSocket to Postern where only that gets through. */
import { createConnection } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import pg from "pg";
import { messageOf, PosternError, posternError } from "../../base/error.ts";
import { openClient } from "../../postgres/open-client.ts";
import { postgresAddress } from "../postgres-address.ts";

export interface Connector {
  /** `https`: through Postern's own port. */
  readonly transport: "postgres" | "https";
  /** @throws Y4001, Postgres's own refusals */
  connect(): Promise<pg.Client>;
  /** Asks the server to end what the session is doing. */
  cancel(client: pg.Client): Promise<void>;
}

const connectLimitMs = 10_000;
const cancelCode = 80_877_102;
const sslCode = 80_877_103;

export function directConnector(url: string): Connector {
  return {
    transport: "postgres",
    connect: () => connect({ ...postgresAddress(url), ...common }),
    async cancel(client) {
      const isSocket = client.host.startsWith("/");
      const socket = isSocket
        ? createConnection(`${client.host}/.s.PGSQL.${client.port}`)
        : createConnection(client.port, client.host);
      await sendCancel(client.ssl ? await encrypt(socket, client) : socket, client);
    },
  };
}

/** `openStream`: a byte stream that ends at the database, such as a WebSocket. */
export function tunnelConnector(url: string, openStream: () => Duplex): Connector {
  return {
    transport: "https",
    connect: () =>
      connect({
        connectionString: url,
        ssl: false,
        ...common,
        stream: () => asSocket(openStream()) as never,
      }),
    cancel: (client) => sendCancel(openStream(), client),
  };
}

const common = {
  connectionTimeoutMillis: connectLimitMs,
  application_name: "postern shell",
  keepAlive: true,
};

async function connect(session: pg.ClientConfig): Promise<pg.Client> {
  try {
    return await openClient(session);
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) {
      throw new PosternError(error.code, error.message, { detail: error.detail, hint: error.hint });
    }
    throw posternError("Y4001", "Postgres does not answer.", { detail: messageOf(error), cause: error });
  }
}

/** What `pg` asks of a socket beside what every stream can. */
function asSocket(stream: Duplex): Duplex {
  const nothing = () => stream;
  return Object.assign(stream, {
    setNoDelay: nothing,
    setKeepAlive: nothing,
    ref: nothing,
    unref: nothing,
    connect() {
      // createWebSocketStream holds back what is written until the socket is open.
      setImmediate(() => stream.emit("connect"));
      return stream;
    },
  });
}

/** The server answers a cancel request by closing. */
function sendCancel(stream: Duplex, client: pg.Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(cancelCode, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  return new Promise((resolve) => {
    const timer = setTimeout(() => stream.destroy(), 5_000);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    stream
      .once("close", end)
      .once("error", end)
      .once("end", () => stream.destroy());
    stream.resume();
    stream.write(request);
  });
}

/** Servers behind a proxy take even this only encrypted; one that refuses encryption gets it plain. */
function encrypt(socket: Duplex, client: pg.Client): Promise<Duplex> {
  const request = Buffer.alloc(8);
  request.writeInt32BE(8, 0);
  request.writeInt32BE(sslCode, 4);
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("data", (answer: Buffer) => {
      if (answer.toString() !== "S") return resolve(socket);
      const options = typeof client.ssl === "object" ? (client.ssl as object) : {};
      const encrypted = connectTls({ socket, servername: client.host, ...options }, () => resolve(encrypted));
      encrypted.once("error", reject);
      return undefined;
    });
    socket.write(request);
  });
}
