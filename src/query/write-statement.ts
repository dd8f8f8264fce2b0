/** In charge of laying out one statement of a request for Postgres. */
import type { QueryRequest } from "@postern/sdk/protocol";
import {
  describeAndExecute,
  execute,
  writeBind,
  writeClose,
  writeParse,
} from "../postgres/wire/frontend-messages.ts";
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

/**
 * What a stranger's statement is written behind. Postgres's own grammar then admits one SELECT, INSERT, UPDATE, DELETE,
 * MERGE or VALUES and nothing else. What is left is SELECT INTO, which takes the right to create in a schema.
 */
export const gatePrefix = "prepare _p as ";
/** Name of the statement behind the gate. */
export const gated = "_p";

/** Two commands: the preparation, which may be refused, and the run. */
export function writeGatedStatement(out: MessageWriter, { sql, params = [] }: QueryRequest): void {
  writeGate(out, sql);
  writeBind(
    out,
    params.map((param) => encodeParam(param)),
    gated,
  );
  out.bytes(describeAndExecute);
  writeClose(out, gated);
}

export function writeGate(out: MessageWriter, sql: string): void {
  writeCommand(out, gatePrefix + sql);
}

/** A command of Postern's own that returns no rows. */
export function writeCommand(out: MessageWriter, sql: string): void {
  writeParse(out, sql);
  writeBind(out, []);
  out.bytes(execute);
}
