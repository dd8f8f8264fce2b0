/** In charge of what the address says of the Data page: which table, filters, order, columns, and as whom it is read. */
import type { BrowseIdentity, CatalogTable, RowFilter, RowOrder, TableName } from "@postern/sdk/protocol";
import { href } from "../app/router.ts";

export interface TableView {
  filters: RowFilter[];
  where: string;
  order: RowOrder[];
  /** Hidden columns. */
  hidden: string[];
  as: BrowseIdentity | undefined;
}

export const nameOf = ({ schema, name }: TableName): string =>
  schema === "public" ? name : `${schema}.${name}`;

export function readView(params: URLSearchParams): TableView {
  return {
    filters: readList(params.get("filter")).flatMap(readFilter),
    where: params.get("where") ?? "",
    order: readList(params.get("sort")).flatMap((one) =>
      typeof one === "string" && one !== ""
        ? [one.startsWith("-") ? { column: one.slice(1), direction: "desc" as const } : { column: one }]
        : [],
    ),
    hidden: readList(params.get("hide")).filter((one) => typeof one === "string"),
    as: readIdentity(params.get("as")),
  };
}

export function writeView(view: Partial<TableView>): Record<string, string | null> {
  const { filters, where, order, hidden, as } = view;
  const list = (items: unknown[]) => (items.length === 0 ? null : JSON.stringify(items));
  return {
    ...(filters && {
      filter: list(
        filters.map(({ column, op, value }) => (value === undefined ? [column, op] : [column, op, value])),
      ),
    }),
    ...(where !== undefined && { where: where === "" ? null : where }),
    ...(order && {
      sort: list(order.map(({ column, direction }) => (direction === "desc" ? `-${column}` : column))),
    }),
    ...(hidden && { hide: list(hidden) }),
    ...("as" in view && { as: as === undefined ? null : "subject" in as ? `user:${as.subject}` : "anon" }),
  };
}

const operators = ["eq", "neq", "gt", "lt", "gte", "lte", "like", "contains", "in", "is_null"];

function readFilter(one: unknown): RowFilter[] {
  if (!Array.isArray(one)) return [];
  const [column, op, value] = one as unknown[];
  if (typeof column !== "string" || !operators.includes(String(op))) return [];
  const filter = { column, op: op as RowFilter["op"] };
  if (typeof value === "string") return [{ ...filter, value }];
  if (Array.isArray(value)) return [{ ...filter, value: value.map(String) }];
  return op === "is_null" ? [filter] : [];
}

function readList(text: string | null): unknown[] & string[] {
  if (text === null) return [];
  try {
    const read: unknown = JSON.parse(text);
    return (Array.isArray(read) ? read : []) as string[];
  } catch {
    return [];
  }
}

const readIdentity = (text: string | null): BrowseIdentity | undefined => {
  if (text === "anon") return { anonymous: true };
  return text?.startsWith("user:") && text.length > 5 ? { subject: text.slice(5) } : undefined;
};

/** The address of a table in a database, perhaps with filters. */
export function tableHref(database: string, table: TableName, filters: RowFilter[] = []): string {
  const params = new URLSearchParams({ table: table.name });
  if (table.schema !== "public") params.set("schema", table.schema);
  const { filter } = writeView({ filters });
  if (filter) params.set("filter", filter);
  return href(`/db/${encodeURIComponent(database)}/data?${params}`);
}

/** Rows of other tables that name a row, and the row that this one names. */
export function linksOfRow(
  database: string,
  table: CatalogTable,
  tables: readonly CatalogTable[],
  value: (column: string) => string | null | undefined,
): { label: string; href: string; isBack: boolean }[] {
  const filtersFor = (from: readonly string[], to: readonly string[]): RowFilter[] | undefined => {
    const values = from.map((column) => value(column));
    if (values.some((one) => one === null || one === undefined)) return undefined;
    return to.map((column, at) => ({ column, op: "eq", value: values[at]! }));
  };
  const links = [];
  for (const key of table.foreign_keys) {
    const filters = filtersFor(key.columns, key.target_columns);
    if (filters)
      links.push({
        label: `${nameOf(key.target)} by ${key.columns.join(", ")}`,
        href: tableHref(database, key.target, filters),
        isBack: false,
      });
  }
  for (const other of tables) {
    for (const key of other.foreign_keys) {
      if (key.target.schema !== table.schema || key.target.name !== table.name) continue;
      const filters = filtersFor(key.target_columns, key.columns);
      if (filters)
        links.push({
          label: `${nameOf(other)} by ${key.columns.join(", ")}`,
          href: tableHref(database, other, filters),
          isBack: true,
        });
    }
  }
  return links;
}
