/**
 * In charge of which registered server a database is placed on: the one that is named, or of those that take its class,
 * have the labels and are well, the one with the most room.
 */
import type { CreateDatabaseRequest, DatabaseClass } from "@postern/sdk/protocol";
import { posternError } from "../base/error.ts";
import { statusOf } from "../instances/registered/describe-registered.ts";
import { majorOf } from "../instances/server-toolchain.ts";
import {
  findRegistered,
  listRegistered,
  lockRegistered,
  type RegisteredWithFacts,
} from "../state/registered-instances.ts";
import type { Queryable } from "../state/state.ts";

export interface InstanceWish {
  class: DatabaseClass;
  /** Name or id. */
  instance?: string | undefined;
  labels?: Record<string, string> | undefined;
  /** Where nothing else takes the class, those that name no class at all do: there are no servers of Postern's own. */
  takesAny?: boolean | undefined;
  /** Of Postgres. */
  major?: string | undefined;
  connectionLimit: number;
}

/** Is a registered server meant? Where one takes the class, that is where the class lives. */
export async function wantsRegistered(
  db: Queryable,
  input: CreateDatabaseRequest & { class: DatabaseClass },
): Promise<boolean> {
  if (input.isolation !== undefined && input.isolation !== "external") {
    if (input.instance === undefined && input.instance_labels === undefined) return false;
    throw posternError(
      "Y8024",
      `A database on a registered instance has the isolation external, not ${input.isolation}.`,
      {
        hint: "Leave out --isolation.",
      },
    );
  }
  if (input.isolation === "external" || input.instance !== undefined || input.instance_labels !== undefined)
    return true;
  return (await listRegistered(db)).some(({ classes }) => classes.includes(input.class));
}

/** Within the transaction that places the database: two at once do not get one last place. @throws Y8020 Y8022 */
export async function chooseInstance(tx: Queryable, wish: InstanceWish): Promise<RegisteredWithFacts> {
  await lockRegistered(tx);
  if (wish.instance !== undefined) return chooseNamed(tx, wish.instance, wish);
  const all = await listRegistered(tx);
  // One that takes no class at all takes databases that name it only.
  const meant = all.filter(({ classes }) => classes.includes(wish.class));
  const candidates =
    (wish.labels || wish.takesAny) && meant.length === 0
      ? all.filter(({ classes }) => classes.length === 0)
      : meant;
  const fitting = candidates.filter((row) => obstacleOf(row, wish) === null);
  const [best] = fitting.sort((a, b) => freedomOf(b) - freedomOf(a) || a.databases - b.databases);
  if (best) return best;
  const reasons = (candidates.length > 0 ? candidates : all).map(
    (row) => `${row.name}: ${obstacleOf(row, wish) ?? `takes no ${wish.class}`}`,
  );
  throw posternError("Y8022", `No registered instance takes a database of class ${wish.class} now.`, {
    detail: reasons.length > 0 ? reasons.join("; ") : "None is registered.",
    hint: "See `postern admin instance list`. `--isolation shared` or `process` places it on a server of Postern's own.",
  });
}

async function chooseNamed(tx: Queryable, ref: string, wish: InstanceWish): Promise<RegisteredWithFacts> {
  const row = await findRegistered(tx, ref);
  if (!row)
    throw posternError("Y8020", `There is no registered instance "${ref}".`, {
      hint: "An administrator sees them with `postern admin instance list`.",
    });
  const isMeant = row.classes.length === 0 || row.classes.includes(wish.class);
  const obstacle = isMeant ? obstacleOf(row, wish) : `it takes ${row.classes.join(", ")} only`;
  if (obstacle === null) return row;
  throw posternError("Y8022", `Instance ${row.name} takes no database of class ${wish.class} now.`, {
    detail: obstacle,
    hint: "Name another instance, or none.",
  });
}

/** Why it takes no such database; null: it does. */
function obstacleOf(row: RegisteredWithFacts, wish: InstanceWish): string | null {
  if (row.draining) return "it is being drained";
  if (row.health === "unreachable" || row.health === "read_only")
    return `it is ${statusOf(row)}${row.health_reason === null ? "" : ` (${row.health_reason})`}`;
  for (const [key, value] of Object.entries(wish.labels ?? {}))
    if (row.labels[key] !== value) return `its label ${key} is ${row.labels[key] ?? "not set"}`;
  if (wish.major !== undefined && majorOf(row.version) !== wish.major)
    return `it runs Postgres ${row.version}`;
  if (row.capacity !== null && row.databases >= row.capacity) return `it is full: ${row.databases} databases`;
  if (
    row.databases > 0 &&
    row.promised_connections + wish.connectionLimit > row.connection_limit * mostPromises
  )
    return `its ${row.connection_limit} connections are promised to the ${row.databases} databases it has`;
  return null;
}

/** Databases that use all their connections at once are rare: so many times more are promised than there are. */
const mostPromises = 4;

const freedomOf = (row: RegisteredWithFacts): number =>
  row.capacity === null
    ? 1 - row.promised_connections / (row.connection_limit * mostPromises)
    : 1 - row.databases / row.capacity;
