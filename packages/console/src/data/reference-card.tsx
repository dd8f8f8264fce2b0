/**
 * In charge of a look at the row that a value names, without going there: shown to whoever points at its arrow, or presses the space
 * bar on its cell.
 */
import type { Catalog, CatalogTable, RowPage, TableName } from "@postern/sdk/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { ask, isAbort, problemOf } from "../app/api.ts";
import { nameOf, type TableView } from "./table-address.ts";
import { cellText } from "./visible-text.ts";

interface Reference {
  target: TableName;
  column: string;
  value: string;
  /** The cell that names it. */
  from: DOMRect;
}

const waitMs = 250;
const mostColumns = 8;

type Frame = { current: HTMLElement | null };
type Find = (row: number, column: number) => Omit<Reference, "from"> | undefined;

export interface ReferencesProps {
  /** What is pointed at lies in it. */
  frame: Frame;
  find: Find;
  path: string;
  catalog: Catalog;
  as: TableView["as"];
}

export function References({ frame, find, path, catalog, as }: ReferencesProps) {
  const reference = useReference(frame, find);
  if (!reference) return null;
  const { schema, name } = reference.target;
  const table = catalog.tables.find((one) => one.schema === schema && one.name === name);
  return <ReferenceCard of={reference} path={path} table={table} as={as} />;
}

function useReference(frame: Frame, find: Find): Reference | undefined {
  const [shown, setShown] = useState<Reference>();
  const finder = useRef(find);
  finder.current = find;
  useEffect(() => {
    const element = frame.current!;
    let timer: number | undefined;
    let pointed: Element | null = null;
    const show = (cell: HTMLElement) => {
      const [row, column] = cell.dataset.spot!.split(",").map(Number) as [number, number];
      const found = row < 0 ? undefined : finder.current(row, column);
      setShown(found && { ...found, from: cell.getBoundingClientRect() });
      return found !== undefined;
    };
    const hide = () => {
      window.clearTimeout(timer);
      setShown(undefined);
    };
    const onOver = (event: MouseEvent) => {
      const link = (event.target as Element).closest(".grid-link");
      if (link === pointed) return;
      pointed = link;
      hide();
      const cell = link?.closest<HTMLElement>("[data-spot]");
      if (cell) timer = window.setTimeout(() => show(cell), waitMs);
    };
    const onKey = (event: KeyboardEvent) => {
      const cell = (event.target as Element).closest<HTMLElement>(".grid [data-spot]");
      const isSpace = event.key === " " && !event.ctrlKey && !event.metaKey && !event.altKey;
      if (isSpace && cell && show(cell)) event.preventDefault();
      else hide();
    };
    element.addEventListener("mouseover", onOver);
    element.addEventListener("mouseleave", hide);
    element.addEventListener("keydown", onKey);
    element.addEventListener("scroll", hide, true);
    return () => {
      window.clearTimeout(timer);
      element.removeEventListener("mouseover", onOver);
      element.removeEventListener("mouseleave", hide);
      element.removeEventListener("keydown", onKey);
      element.removeEventListener("scroll", hide, true);
    };
  }, []);
  return shown;
}

interface ReferenceCardProps {
  of: Reference;
  path: string;
  table: CatalogTable | undefined;
  as: TableView["as"];
}

function ReferenceCard({ of: { target, column, value, from }, path, table, as }: ReferenceCardProps) {
  const [page, setPage] = useState<RowPage>();
  const [problem, setProblem] = useState<string>();
  const names = table?.columns.slice(0, mostColumns).map(({ name }) => name);
  useEffect(() => {
    const abort = new AbortController();
    setPage(undefined);
    setProblem(undefined);
    const body = {
      table: target,
      ...(names && { columns: names }),
      filters: [{ column, op: "eq", value }],
      limit: 1,
      ...(as && { as }),
    };
    ask<RowPage>(`${path}/rows`, { method: "POST", body, signal: abort.signal }).then(
      setPage,
      (error: unknown) => !isAbort(error) && setProblem(problemOf(error).message),
    );
    return () => abort.abort();
  }, [path, target.schema, target.name, column, value]);
  const isLow = from.bottom > window.innerHeight - 260;
  return (
    <div
      class="reference-card"
      role="status"
      style={{
        left: `${Math.max(8, Math.min(from.left, window.innerWidth - 340))}px`,
        ...(isLow ? { bottom: `${window.innerHeight - from.top + 4}px` } : { top: `${from.bottom + 4}px` }),
      }}
    >
      <p class="reference-title">
        <strong class="mono">{nameOf(target)}</strong>
        <span class="muted small">
          {column} = {cellText(value)}
        </span>
      </p>
      {problem && <p class="bad-text small">{problem}</p>}
      {!page && !problem && <p class="muted small">Looking…</p>}
      {page?.rows.length === 0 && <p class="muted small">There is no such row that may be seen.</p>}
      {page?.rows[0] && (
        <dl class="reference-values">
          {page.columns.map((name, at) => (
            <div key={name}>
              <dt>{cellText(name)}</dt>
              <dd>
                {page.rows[0]![at] === null ? (
                  <span class="null-value">NULL</span>
                ) : (
                  cellText(page.rows[0]![at] ?? "")
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {table && table.columns.length > mostColumns && (
        <p class="muted small">and {table.columns.length - mostColumns} columns more</p>
      )}
    </div>
  );
}
