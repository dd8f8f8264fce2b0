/** In charge of the Data page: every table of a database, and its rows. */
import type { Catalog } from "@postern/sdk/protocol";
import { databasePath, useDatabase } from "../app/database-frame.tsx";
import { useResource } from "../app/resource.ts";
import { href, navigate, searchParams } from "../app/router.ts";
import { readView, tableHref } from "../data/table-address.ts";
import { TableList } from "../data/table-list.tsx";
import { TableRows } from "../data/table-view.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Empty, Shown } from "../ui/states.tsx";
import { Copyable } from "../ui/text.tsx";
import "../styles/data.css";

export default function DataPage() {
  const database = useDatabase();
  const path = databasePath(database.id);
  // What sleeps is not woken by a look at its page.
  const catalog = useResource<Catalog>(database.status === "paused" ? null : `${path}/catalog`);
  return (
    <div class="page page-wide">
      <h1 class="hidden-text" id="page-title" tabIndex={-1}>
        Data
      </h1>
      {database.status === "paused" ? (
        <Empty icon="moon" title="Its tables sleep with it.">
          <p>Wake the database to look at them.</p>
        </Empty>
      ) : (
        <Shown of={catalog} lines={8}>
          {(value) => <Tables database={database.id} path={path} catalog={value} />}
        </Shown>
      )}
    </div>
  );
}

function Tables({ database, path, catalog }: { database: string; path: string; catalog: Catalog }) {
  const params = searchParams.value;
  const [wanted, schema] = [params.get("table"), params.get("schema") ?? "public"];
  const named = catalog.tables.find((table) => table.name === wanted && table.schema === schema);
  const chosen = named ?? (wanted === null ? catalog.tables[0] : undefined);
  if (catalog.tables.length === 0) {
    return (
      <Empty icon="table-2" title="There are no tables yet.">
        <p>Migrations make them:</p>
        <Copyable text="postern db migrate" />
        <LinkButton href={href(`/db/${database}/sql`)}>Or write SQL here</LinkButton>
      </Empty>
    );
  }
  return (
    <div class="data-page">
      <TableList
        catalog={catalog}
        chosen={chosen}
        hrefOf={(table) => tableHref(database, table)}
        onChoose={(table) => navigate(tableHref(database, table).replace(/^\/console/, ""))}
      />
      {chosen ? (
        <TableRows
          key={`${chosen.schema}.${chosen.name}`}
          database={database}
          path={path}
          catalog={catalog}
          table={chosen}
          view={readView(params)}
        />
      ) : (
        <Empty icon="search" title={`There is no table “${wanted}”.`}>
          <p>It may have been renamed or dropped.</p>
        </Empty>
      )}
    </div>
  );
}
