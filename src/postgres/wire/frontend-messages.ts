/**
 * In charge of the messages that Postern sends to Postgres: protocol 3.0, the extended query, values as text in both
 * directions, statement and portal unnamed.
 */
import { MessageWriter } from "./message-writer.ts";

const protocolVersion = 196_608; // 3.0
const cancelRequestCode = 80_877_102;

export function encodeStartup(parameters: Readonly<Record<string, string>>): Buffer {
  const out = new MessageWriter();
  out.beginUntyped();
  out.int32(protocolVersion);
  for (const [name, value] of Object.entries(parameters)) {
    out.cString(name);
    out.cString(value);
  }
  out.cString("");
  out.end();
  return out.take();
}

export function encodeCancelRequest(processId: number, secretKey: number): Buffer {
  const out = new MessageWriter(16);
  out.beginUntyped();
  out.int32(cancelRequestCode);
  out.int32(processId);
  out.int32(secretKey);
  out.end();
  return out.take();
}

/** The types of the parameters are left to Postgres to infer. */
export function writeParse(out: MessageWriter, sql: string, statement = ""): void {
  out.begin(0x50); // P
  out.cString(statement);
  out.cString(sql);
  out.int16(0);
  out.end();
}

export function writeBind(out: MessageWriter, params: readonly (string | null)[], statement = ""): void {
  out.begin(0x42); // B
  out.cString("");
  out.cString(statement);
  out.int16(0);
  out.int16(params.length);
  for (const param of params) out.value(param);
  out.int16(0);
  out.end();
}

/** Asks for the types of the parameters and columns of a statement. */
export function writeDescribeStatement(out: MessageWriter, statement: string): void {
  out.begin(0x44); // D
  out.cString(`S${statement}`);
  out.end();
}

export function writeClose(out: MessageWriter, statement: string): void {
  out.begin(0x43); // C
  out.cString(`S${statement}`);
  out.end();
}

const encode = (write: (out: MessageWriter) => void): Buffer => {
  const out = new MessageWriter(64);
  write(out);
  return Buffer.from(out.take());
};

const writeExecute = (out: MessageWriter): void => {
  out.begin(0x45); // E
  out.cString("");
  out.int32(0);
  out.end();
};

export const execute = encode(writeExecute);

/** Asks for the columns of the bound statement, then runs it to its end. */
export const describeAndExecute = encode((out) => {
  out.begin(0x44); // D
  out.cString("P");
  out.end();
  writeExecute(out);
});

/** Ends a batch: Postgres closes the implicit transaction and answers ReadyForQuery, whatever went wrong before. */
export const sync = encode((out) => {
  out.begin(0x53); // S
  out.end();
});

/** Makes Postgres send what it has so far, without ending the batch. */
export const flush = encode((out) => {
  out.begin(0x48); // H
  out.end();
});

export const terminate = encode((out) => {
  out.begin(0x58); // X
  out.end();
});

/** A simple query: a batch of its own with one ReadyForQuery. Only for fixed texts of Postern's own. */
export const encodeSimpleQuery = (sql: string): Buffer =>
  encode((out) => {
    out.begin(0x51); // Q
    out.cString(sql);
    out.end();
  });
