/**
 * In charge of a session with a database's own server. Over TLS a proof of the password is bound to the connection that it is given
 * on, and cannot be passed on to another: so the password itself is asked for, and the session is logged in with it. Whether it
 * is the right one is the server's to say; it is kept nowhere.
 */
import { messageOf } from "../../../base/error.ts";
import { dialServer } from "../../../runtime/relay/dial-server.ts";
import { openSession, type SessionWish } from "../../../runtime/relay/open-session.ts";
import { ProtocolViolation, readMessage } from "../../../tunnel/read-message.ts";
import {
  askForCleartext,
  encodeNegotiation,
  messageType,
  protocol3,
} from "../../../tunnel/tunnel-messages.ts";
import type { GatewayDoor } from "../../gateways/gateway-messages.ts";
import type { ControlLink } from "../control-link.ts";
import type { SessionStart } from "./greet-session.ts";
import type { Onward } from "./led-session.ts";
import { sendCancel, trustOf } from "./open-pooled.ts";
import { notNow, SessionRefusal } from "./session-refusal.ts";

type Link = Pick<ControlLink, "endpoints" | "askAt">;
type Place = Pick<SessionWish, "hosts" | "tls">;

const passwordLimit = 10_000;
/** Of parameters that are options of the protocol. */
const optionPrefix = "_pq_.";
/** Names in Postgres of databases that Postern has made. */
const databaseName = /^db_[0-9a-f]{12}$/;

export class DirectSessions {
  readonly #link: Link;
  readonly #onFailure: (detail: string) => void;

  /** @param onFailure why a control plane could not be asked */
  constructor(link: Link, onFailure: (detail: string) => void) {
    this.#link = link;
    this.#onFailure = onFailure;
  }

  /** @throws SessionRefusal ServerError TrustingServer DialFailure ProtocolViolation StreamEnded */
  async open({ client, packet, parameters }: SessionStart & { kind: "session" }): Promise<Onward> {
    const { user = "", database = user, ...others } = parameters;
    const options = Object.keys(others).filter((name) => name.startsWith(optionPrefix));
    const settings = Object.fromEntries(Object.entries(others).filter(([name]) => !options.includes(name)));
    if (settings.replication !== undefined)
      throw new SessionRefusal("0A000", "A gateway leads no replication.");
    // The session is opened with 3.0; a client that is not told would take it for what it asked for.
    if (packet.readUInt32BE(4) !== protocol3 || options.length > 0) client.write(encodeNegotiation(options));
    client.write(askForCleartext);
    const password = await readPassword(client);
    // Only then, and in the server's own words: nobody learns here which databases there are.
    const place = databaseName.test(database) ? await this.#find(database) : undefined;
    if (!place) throw new SessionRefusal("28P01", `password authentication failed for user "${user}"`);
    const wish = { ...place, user, passwords: [password], parameters: { ...settings, database } };
    const { socket, greeting, host } = await openSession(wish, { writable: true, password: true });
    return {
      socket,
      greeting,
      cancel: async (request) => sendCancel(await dialServer(host, place.tls), request),
    };
  }

  /** Undefined: there is no such database. @throws SessionRefusal */
  async #find(database: string): Promise<Place | undefined> {
    for (const endpoint of this.#link.endpoints()) {
      let door: GatewayDoor;
      try {
        door = await this.#link.askAt(endpoint, "door", database);
      } catch (error) {
        this.#onFailure(`${endpoint.host}: ${messageOf(error)}`);
        continue;
      }
      if (door.type === "none") return undefined;
      if (door.type === "instance") return door;
      return { hosts: [{ host: endpoint.host, port: door.port }], tls: trustOf(endpoint) };
    }
    throw notNow("This gateway has no control plane to ask at the moment.");
  }
}

async function readPassword(client: SessionStart["client"]): Promise<string> {
  const { type, body } = await readMessage(client, passwordLimit);
  if (type !== messageType.password || body.at(-1) !== 0)
    throw new ProtocolViolation("A password was expected.");
  return body.toString("utf8", 0, body.length - 1);
}
