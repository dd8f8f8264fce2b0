/** In charge of a statement with parameters whose text depends on their types: Postgres is asked for the types first. */
import type { QueryRequest } from "@postern/sdk/protocol";
import {
  execute,
  flush,
  writeBind,
  writeClose,
  writeDescribeStatement,
  writeParse,
} from "../postgres/wire/frontend-messages.ts";
import type { MessageWriter } from "../postgres/wire/message-writer.ts";
import type { WireConnection } from "../postgres/wire/wire-connection.ts";
import type { BatchExchange } from "./batch-exchange.ts";
import { encodeParam } from "./encode-params.ts";
import type { TypeCatalog } from "./type-catalog.ts";
import { TypeStep, writeTypeQuery } from "./type-step.ts";
import { gated, writeGate } from "./write-statement.ts";

/** Sends what `out` holds and asks; then writes the rest of the statement to `out`. False: the batch has failed. */
export async function writeTypedStatement(
  out: MessageWriter,
  connection: WireConnection,
  exchange: BatchExchange,
  catalog: TypeCatalog,
  { sql, params = [] }: QueryRequest,
  options: { isGated: boolean; onParameterTypes?: ((types: number[]) => void) | undefined },
): Promise<boolean> {
  const name = options.isGated ? gated : "";
  if (options.isGated) writeGate(out, sql);
  else writeParse(out, sql);
  writeDescribeStatement(out, name);
  out.bytes(flush);
  connection.send(out.take());
  const types = await exchange.parameterTypes();
  if (!types) return false;
  const unknown = types.filter((oid) => !catalog.find(oid));
  if (unknown.length > 0 && !(await learnTypes(out, connection, exchange, catalog, unknown))) return false;
  options.onParameterTypes?.(types);
  writeBind(
    out,
    params.map((param, index) => encodeParam(param, catalog.find(types[index] ?? 0))),
    name,
  );
  out.bytes(execute);
  if (options.isGated) writeClose(out, gated);
  return true;
}

/** Inside the batch, because it may be the batch that made the types. */
async function learnTypes(
  out: MessageWriter,
  connection: WireConnection,
  exchange: BatchExchange,
  catalog: TypeCatalog,
  oids: number[],
): Promise<boolean> {
  const step = new TypeStep();
  exchange.expectFirst(step);
  writeTypeQuery(out, oids);
  out.bytes(flush);
  connection.send(out.take());
  const rows = await step.answer;
  if (rows) catalog.learn(oids, rows, Date.now());
  return rows !== undefined;
}
