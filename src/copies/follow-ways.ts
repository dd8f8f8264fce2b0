/**
 * In charge of the ways to registered servers being the same on every control plane: told when one changes, and looked at
 * every few seconds for what was not heard.
 */
import type { InstanceId } from "../base/id.ts";
import type { Service } from "../base/service.ts";
import type { Platform } from "../instances/platform.ts";
import { makeFolders } from "../instances/registered/register-instance.ts";
import { listRelayPlans } from "../instances/registered/relay-plan-of.ts";
import { serverLayout } from "../instances/server-layout.ts";
import type { PgBouncer } from "../runtime/pgbouncer.ts";
import type { RelayPlan } from "../runtime/relay/relay-plan.ts";
import { listOwnInstanceDatabases } from "../state/databases.ts";
import { findOwner, listRegistered } from "../state/registered-instances.ts";
import type { CopyOrders } from "./copy-orders.ts";
import type { SharedGate } from "./shared-gate.ts";

const everyMs = 10_000;
const withinMs = 2_000;

type Place = Pick<Platform, "config" | "account" | "state" | "secrets" | "observe">;

export class WaysFollower implements Service {
  readonly name = "ways to registered servers";
  readonly #place: Place;
  readonly #gate: SharedGate;
  readonly #pooler: Pick<PgBouncer, "routeAll">;
  readonly #orders: CopyOrders;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(
    place: Place,
    parts: { gate: SharedGate; pooler: Pick<PgBouncer, "routeAll">; orders: CopyOrders },
  ) {
    this.#place = place;
    this.#gate = parts.gate;
    this.#pooler = parts.pooler;
    this.#orders = parts.orders;
    this.#orders.obey({
      "way.instance": () => this.look(),
      "way.login": ({ instance, role }: { instance: InstanceId; role: string }) =>
        this.#followLogin(instance, role),
    });
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      this.look().catch((error: unknown) => this.#place.observe({ type: "fault", where: this.name, error }));
    }, everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking?.catch(() => {});
  }

  /** An instance was registered or deregistered here: the others make or drop their ways. */
  tell(): Promise<void> {
    return this.#orders.tell("way.instance", null, withinMs);
  }

  /** One look at a time; who asks meanwhile gets one that begins afterwards. */
  async look(): Promise<void> {
    await this.#looking?.catch(() => {});
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { state, config } = this.#place;
    const registered = await listRegistered(state);
    for (const plan of await listRelayPlans(this.#place, state)) {
      const before = this.#gate.relay(plan.name);
      if (before && !differs(before, plan)) continue;
      const row = registered.find(({ id }) => id === plan.name);
      if (row) await makeFolders(this.#place, row.id, row.version);
      await this.#gate.serveRelay(before ? { ...plan, logins: mergeLogins(before, plan) } : plan);
    }
    await this.#pooler.routeAll(
      (await listOwnInstanceDatabases(state)).map((row) => ({
        database: row.database_name,
        socketDirectory: serverLayout(config.home, row.instance_id!).socketDirectory,
      })),
    );
  }

  async #followLogin(instance: InstanceId, role: string): Promise<void> {
    const { state, secrets } = this.#place;
    if (!this.#gate.relay(instance)) return this.look();
    const owner = await findOwner(state, instance, role);
    if (!owner) return this.#gate.followLogin(instance, role, null);
    const password = secrets.open(owner.password_sealed, owner.id);
    const known = this.#gate.relay(instance)?.logins[role] ?? [];
    await this.#gate.followLogin(instance, role, newestFirst(password, known));
  }
}

const newestFirst = (password: string, known: readonly string[]): string[] =>
  [...new Set([password, ...known])].slice(0, 2);

function differs(before: RelayPlan, now: RelayPlan): boolean {
  const facts = (plan: RelayPlan) => JSON.stringify({ ...plan, logins: null });
  if (facts(before) !== facts(now)) return true;
  return Object.entries(now.logins).some(([role, [password]]) => before.logins[role]?.[0] !== password);
}

/** An older password counts until the server has the new one. */
const mergeLogins = (before: RelayPlan, now: RelayPlan): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(now.logins).map(([role, [password]]) => [
      role,
      newestFirst(password!, before.logins[role] ?? []),
    ]),
  );
