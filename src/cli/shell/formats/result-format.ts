/** In charge of what every form of a result has in common: it is fed batch by batch, and gives text to print. */
import type { Paint } from "../../output.ts";
import type { ResultColumn, TextRow } from "../stream-statement.ts";

export interface ResultFormatter {
  /** Text of these rows, with all that has to come before them. */
  rows(rows: readonly TextRow[]): string;
  /** What comes after the last row. */
  end(): string;
  /** Does the number of rows belong behind it? */
  readonly countsRows: boolean;
}

export interface FormatInput {
  columns: readonly ResultColumn[];
  nullText: string;
  paint: Paint;
  /** Data for programs has to be harmless, too, where a terminal would obey it. */
  isTerminal: boolean;
  /** Of the screen; Infinity where there is none. */
  width: number;
  /** Without the names of the columns. */
  tuplesOnly?: boolean;
  /** Between the fields of an unaligned result. */
  fieldSeparator?: string;
}

/** int2, int4, int8, oid, float4, float8, money, numeric. */
const numbers = new Set([21, 23, 20, 26, 700, 701, 790, 1700]);

export const isNumber = ({ typeOid }: ResultColumn): boolean => numbers.has(typeOid);
