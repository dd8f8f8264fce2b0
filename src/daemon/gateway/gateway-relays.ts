/**
 * In charge of a gateway's own ways to registered servers: one relay for each, which knows the passwords of the databases
 * that are in use here and no others, in memory only.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseAddress } from "../../instances/database-address.ts";
import { Relay } from "../../runtime/relay/relay.ts";
import type { GatewayPlace } from "../gateways/gateway-messages.ts";

type Place = GatewayPlace & { type: "here" };

interface Way {
  relay: Relay;
  directory: string;
  /** Which role is which database's. */
  roles: Map<string, string>;
  logins: Record<string, string[]>;
}

export class GatewayRelays {
  readonly #directory: string;
  readonly #askAgain: (databaseId: string) => Promise<GatewayPlace>;
  readonly #ways = new Map<string, Promise<Way>>();

  /** @param directory where the sockets are; nobody else may enter it */
  constructor(directory: string, askAgain: (databaseId: string) => Promise<GatewayPlace>) {
    this.#directory = directory;
    this.#askAgain = askAgain;
  }

  /** Makes the way there, or follows where it leads now. */
  async open(databaseId: string, place: Place): Promise<DatabaseAddress> {
    const way = await this.#wayOf(place);
    await this.#follow(way, databaseId, place);
    return { host: way.directory, port: 5432, database: place.database, user: place.user };
  }

  /** Nobody logs in to it from here until it is asked for again. */
  async forget(databaseId: string): Promise<void> {
    for (const opening of this.#ways.values()) {
      const way = await opening.catch(() => undefined);
      for (const [role, of] of way?.roles ?? []) {
        if (of !== databaseId) continue;
        way!.roles.delete(role);
        delete way!.logins[role];
      }
    }
  }

  async close(): Promise<void> {
    for (const opening of this.#ways.values()) (await opening.catch(() => undefined))?.relay.close();
    this.#ways.clear();
  }

  #wayOf(place: Place): Promise<Way> {
    const { instance } = place;
    const known = this.#ways.get(instance);
    if (known) return known;
    const opening = this.#make(place);
    this.#ways.set(instance, opening);
    opening.catch(() => this.#ways.delete(instance));
    return opening;
  }

  async #make(place: Place): Promise<Way> {
    const directory = join(this.#directory, place.instance);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const way: Way = { directory, roles: new Map(), logins: {}, relay: undefined as never };
    way.relay = new Relay(planOf(way, place), (user) => this.#refresh(way, user));
    await way.relay.follow(planOf(way, place));
    return way;
  }

  async #follow(way: Way, databaseId: string, place: Place): Promise<void> {
    for (const [role, passwords] of Object.entries(place.logins)) {
      way.roles.set(role, databaseId);
      way.logins[role] = passwords;
    }
    await way.relay.follow(planOf(way, place));
  }

  /** A password was changed, or the server has moved. */
  async #refresh(way: Way, user: string): Promise<void> {
    const databaseId = way.roles.get(user);
    if (databaseId === undefined) return;
    const place = await this.#askAgain(databaseId);
    if (place.type === "here" && way.directory.endsWith(place.instance))
      await this.#follow(way, databaseId, place);
  }
}

const planOf = ({ directory, logins }: Way, { instance, hosts, tls, database }: Place) => ({
  name: instance,
  directory,
  hosts,
  tls,
  // Nothing that concerns the whole server is done from here.
  maintenanceDatabase: database,
  aliases: {},
  logins,
  loginKey: "",
});
