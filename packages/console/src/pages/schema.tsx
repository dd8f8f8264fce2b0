/** In charge of the Schema page: each table with what belongs to it, what leads where, and how it differs from another database. */
import type { Catalog, CatalogTable, TableDetail } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { bytes, plural } from "../app/format.ts";
import { useResource } from "../app/resource.ts";
import { href, navigate, searchParams, setSearch } from "../app/router.ts";
import { nameOf, tableHref } from "../data/table-address.ts";
import { TableList } from "../data/table-list.tsx";
import { Compare } from "../schema/compare.tsx";
import { Relations } from "../schema/relations.tsx";
import { Detail } from "../schema/table-detail.tsx";
import { Button, LinkButton } from "../ui/button.tsx";
import { Card, PageHead } from "../ui/card.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import "../styles/data.css";
import "../styles/schema.css";

export default function SchemaPage() {
  const database = useDatabase();
  const path = databasePath(database.id);
  const asleep = database.status === "paused";
  const catalog = useResource<Catalog>(asleep ? null : `${path}/catalog`);
  const part = searchParams.value.get("part") ?? "tables";
  return (
    <div class="page page-wide">
      <PageHead
        title="Schema"
        about="Tables, what leads where, who may see which rows, and the SQL that makes it all."
        actions={
          <div class="tabs">
            {(
              [
                ["tables", "Tables"],
                ["relations", "Relations"],
                ["compare", "Compare"],
              ] as const
            ).map(([id, title]) => (
              <Button
                key={id}
                kind="quiet"
                aria-pressed={part === id}
                onClick={() => setSearch({ part: id === "tables" ? null : id }, { replace: false })}
              >
                {title}
              </Button>
            ))}
          </div>
        }
      />
      {asleep ? (
        <Empty icon="moon" title="Its schema sleeps with it.">
          <p>Wake the database to look at it.</p>
        </Empty>
      ) : part === "compare" ? (
        <Compare database={database} />
      ) : (
        <Shown of={catalog} lines={8}>
          {(value) =>
            value.tables.length === 0 ? (
              <Empty icon="workflow" title="There are no tables yet.">
                <LinkButton href={href(`/db/${database.id}/migrations`)}>Migrations</LinkButton>
              </Empty>
            ) : part === "relations" ? (
              <Relations catalog={value} hrefOf={(table) => schemaHref(database.id, table)} />
            ) : (
              <Tables database={database.id} path={path} catalog={value} />
            )
          }
        </Shown>
      )}
    </div>
  );
}

const schemaHref = (database: string, { schema, name }: Pick<CatalogTable, "schema" | "name">): string => {
  const params = new URLSearchParams({ table: name, ...(schema !== "public" && { schema }) });
  return href(`/db/${encodeURIComponent(database)}/schema?${params}`);
};

function Tables({ database, path, catalog }: { database: string; path: string; catalog: Catalog }) {
  const params = searchParams.value;
  const schema = params.get("schema") ?? "public";
  const chosen =
    catalog.tables.find((table) => table.name === params.get("table") && table.schema === schema) ??
    catalog.tables[0]!;
  return (
    <div class="schema-page">
      <TableList
        catalog={catalog}
        chosen={chosen}
        hrefOf={(table) => schemaHref(database, table)}
        onChoose={(table) => navigate(schemaHref(database, table).replace(/^\/console/, ""))}
      />
      <OneTable key={nameOf(chosen)} database={database} path={path} catalog={catalog} table={chosen} />
    </div>
  );
}

interface OneTableProps {
  database: string;
  path: string;
  catalog: Catalog;
  table: CatalogTable;
}

function OneTable({ database, path, catalog, table }: OneTableProps) {
  const query = new URLSearchParams({ schema: table.schema, name: table.name });
  const detail = useResource<TableDetail>(`${path}/catalog/table?${query}`);
  const links = new Map(table.foreign_keys.flatMap((key) => key.columns.map((name) => [name, key] as const)));
  const columns: Column<CatalogTable["columns"][number]>[] = [
    {
      name: "Column",
      render: ({ name, comment }) => (
        <>
          <strong class="mono">{name}</strong>
          {table.primary_key.includes(name) && <span class="badge badge-good schema-mark">key</span>}
          {comment && <div class="muted small">{comment}</div>}
        </>
      ),
    },
    {
      name: "Type",
      render: ({ type, values }) => (
        <>
          <code class="column-type">{type}</code>
          {values && <div class="muted small break">{values.join(" · ")}</div>}
        </>
      ),
    },
    {
      name: "NULL",
      from: "tablet",
      render: ({ nullable }) => (nullable ? "yes" : <span class="muted">no</span>),
    },
    {
      name: "Default",
      from: "tablet",
      grow: true,
      render: (column) => <code class="break">{column.generated ? "computed" : (column.default ?? "")}</code>,
    },
    {
      name: "Leads to",
      render: ({ name }) => {
        const key = links.get(name);
        return (
          key && (
            <a href={schemaHref(database, key.target)}>
              {nameOf(key.target)}.{key.target_columns[key.columns.indexOf(name)]}
            </a>
          )
        );
      },
    },
  ];
  const back = catalog.tables.flatMap((other) =>
    other.foreign_keys
      .filter(({ target }) => target.name === table.name && target.schema === table.schema)
      .map((key) => ({ other, key })),
  );
  const facts = [
    table.kind,
    table.estimated_rows === null ? undefined : `about ${plural(Math.round(table.estimated_rows), "row")}`,
    bytes(table.size_bytes),
    table.comment,
  ];
  return (
    <div class="schema-table">
      <Card
        title={nameOf(table)}
        about={facts.filter(Boolean).join(" · ")}
        flush
        actions={
          <LinkButton small icon="table-2" href={tableHref(database, table)}>
            See its rows
          </LinkButton>
        }
      >
        <Table
          label={`Columns of ${nameOf(table)}`}
          columns={columns}
          rows={table.columns}
          keyOf={({ name }) => name}
        />
      </Card>
      {back.length > 0 && (
        <Card title="Named by">
          <ul class="schema-list">
            {back.map(({ other, key }) => (
              <li key={`${nameOf(other)}${key.name}`}>
                <a href={schemaHref(database, other)}>{nameOf(other)}</a> by{" "}
                <code>{key.columns.join(", ")}</code>
                <span class="muted"> · on delete {key.on_delete}</span>
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Shown of={detail} lines={5}>
        {(value) => <Detail table={table} detail={value} />}
      </Shown>
    </div>
  );
}
