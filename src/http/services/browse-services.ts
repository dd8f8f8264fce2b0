/** In charge of naming what the HTTP server needs to look into a database. */
import type {
  Catalog,
  CellRequest,
  CellValue,
  RowCount,
  RowEditPreview,
  RowEditRequest,
  RowEditResult,
  RowExportRequest,
  RowPage,
  RowPageRequest,
  RowSelection,
  TableDetail,
  TableName,
} from "@postern/sdk/protocol";
import type { Principal } from "../../access/principal.ts";
import type { DepartureSignal } from "../../base/departure.ts";
import type { DatabaseRef } from "./database-services.ts";
import type { AnswerSink } from "./query-services.ts";

export interface BrowseOptions {
  signal?: DepartureSignal | undefined;
}

export interface BrowseService {
  catalog(principal: Principal, input: DatabaseRef, options: BrowseOptions): Promise<Catalog>;
  table(principal: Principal, input: DatabaseRef & TableName): Promise<TableDetail>;
  ddl(principal: Principal, input: DatabaseRef): Promise<{ ddl: string }>;
  rows(principal: Principal, input: DatabaseRef & RowPageRequest, options: BrowseOptions): Promise<RowPage>;
  count(principal: Principal, input: DatabaseRef & RowSelection, options: BrowseOptions): Promise<RowCount>;
  cell(principal: Principal, input: DatabaseRef & CellRequest, options: BrowseOptions): Promise<CellValue>;
  /** What was written before a failure stands. */
  export(
    principal: Principal,
    input: DatabaseRef & RowExportRequest,
    sink: AnswerSink,
    options: BrowseOptions,
  ): Promise<void>;
  preview(principal: Principal, input: DatabaseRef & RowEditRequest): Promise<RowEditPreview>;
  edit(
    principal: Principal,
    input: DatabaseRef & RowEditRequest,
    options: BrowseOptions & { requestId: string },
  ): Promise<RowEditResult>;
}
