/** In charge of laying out one statement of a request for Postgres. */
import type { QueryRequest } from "@postern/sdk/protocol";
import { describeAndExecute, execute, writeBind, writeParse } from "../postgres/wire/frontend-messages.ts";
import type { MessageWriter } from "../postgres/wire/message-writer.ts";
import { encodeParam, needsType } from "./encode-params.ts";

/** Must the types of the parameters be known before the values can be sent? */
export const needsTypes = ({ params }: QueryRequest): boolean => params?.some(needsType) ?? false;

export function writeStatement(out: MessageWriter, { sql, params = [] }: QueryRequest): void {
  writeParse(out, sql);
  writeBind(
    out,
    params.map((param) => encodeParam(param)),
  );
  out.bytes(describeAndExecute);
}

/** A command of Postern's own that returns no rows. */
export function writeCommand(out: MessageWriter, sql: string): void {
  writeParse(out, sql);
  writeBind(out, []);
  out.bytes(execute);
}
