/**
 * In charge of the poolers of all control planes being told the same. Each has one of its own, in front of the same
 * registered servers.
 */
import { basename } from "node:path";
import { serverLayout } from "../instances/server-layout.ts";
import type { Pooler, PoolTarget } from "../runtime/pgbouncer.ts";
import type { CopyOrders } from "./copy-orders.ts";

/** One that has not done by then what it was told is left behind: it follows the tables within seconds. */
const withinMs = 3_000;

export function sharePooler(own: Pooler, orders: CopyOrders, home: string): Pooler {
  orders.obey({
    "pooler.route": ({ database, instance }: { database: string; instance: string }) =>
      own.route({ database, socketDirectory: serverLayout(home, instance).socketDirectory }),
    "pooler.unroute": (database: string) => own.unroute(database),
    "pooler.pause": (database: string) => own.pause(database),
    "pooler.resume": (database: string) => own.resume(database),
    "pooler.kill": (database: string) => own.kill(database),
    "pooler.endClients": ({ user, before }: { user: string; before: string }) =>
      own.endClients(user, new Date(before)),
    "pooler.reconnect": ({ database, patienceMs }: { database: string; patienceMs: number }) =>
      own.reconnect(database, patienceMs),
  });
  const both = async <Result>(work: Promise<Result>, what: string, argument: unknown): Promise<Result> => {
    const [result] = await Promise.all([work, orders.tell(`pooler.${what}`, argument, withinMs)]);
    return result;
  };
  return {
    route: (target: PoolTarget) =>
      both(own.route(target), "route", {
        database: target.database,
        instance: basename(target.socketDirectory),
      }),
    unroute: (database) => both(own.unroute(database), "unroute", database),
    pause: (database) => both(own.pause(database), "pause", database),
    resume: (database) => both(own.resume(database), "resume", database),
    kill: (database) => both(own.kill(database), "kill", database),
    endClients: (user, before) => both(own.endClients(user, before), "endClients", { user, before }),
    reconnect: (database, patienceMs) =>
      both(own.reconnect(database, patienceMs), "reconnect", { database, patienceMs }),
  };
}
