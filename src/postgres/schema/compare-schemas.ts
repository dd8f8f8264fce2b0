/** In charge of how two schemas differ. */
import type { SchemaKind, SchemaObject } from "./read-schema.ts";

export interface SchemaChange {
  change: "added" | "removed" | "changed";
  kind: SchemaKind;
  name: string;
  table: string | null;
  /** Null: it is not there. */
  before: string | null;
  after: string | null;
}

/** In the order in which a migration would make them: what others rest on first. */
const order: readonly SchemaKind[] = [
  "extension",
  "schema",
  "type",
  "sequence",
  "function",
  "procedure",
  "aggregate",
  "table",
  "column",
  "constraint",
  "index",
  "row security",
  "policy",
  "trigger",
  "view",
  "materialized view",
  "grant",
  "default privileges",
];

const keyOf = ({ kind, name }: Pick<SchemaObject, "kind" | "name">): string => `${kind} ${name}`;

/** What has to change in `before` so that it is `after`. */
export function compareSchemas(
  before: readonly SchemaObject[],
  after: readonly SchemaObject[],
): SchemaChange[] {
  const old = new Map(before.map((object) => [keyOf(object), object]));
  const now = new Map(after.map((object) => [keyOf(object), object]));
  const changes: { change: SchemaChange; position: number }[] = [];
  for (const [key, object] of now) {
    const was = old.get(key);
    if (was?.definition === object.definition) continue;
    const { kind, name, table, position } = object;
    const change = was ? "changed" : "added";
    changes.push({
      change: { change, kind, name, table, before: was?.definition ?? null, after: object.definition },
      position,
    });
  }
  for (const [key, { kind, name, table, definition, position }] of old) {
    if (now.has(key)) continue;
    changes.push({
      change: { change: "removed", kind, name, table, before: definition, after: null },
      position,
    });
  }
  const gone = new Set(
    changes.filter(({ change }) => change.change === "removed").map(({ change }) => change.name),
  );
  const rank = ({ kind }: SchemaChange) => order.indexOf(kind);
  return changes
    .filter(({ change }) => !(change.change === "removed" && isRightOn(change, gone)))
    .sort(
      (a, b) =>
        (a.change.table ?? "").localeCompare(b.change.table ?? "") *
          Number(rank(a.change) === rank(b.change)) ||
        rank(a.change) - rank(b.change) ||
        a.position - b.position ||
        a.change.name.localeCompare(b.change.name),
    )
    .map(({ change }) => change);
}

/** Rights on what is gone are gone with it. */
function isRightOn({ kind, name }: SchemaChange, gone: ReadonlySet<string>): boolean {
  const object = kind === "grant" ? /^\w+ (.*) to [^ ]+$/.exec(name)?.[1] : undefined;
  return object !== undefined && gone.has(object);
}
