/** In charge of the shape of results in the manner of the Neon serverless driver. */
import type { ColumnDescription } from "../../postgres/wire/row-description.ts";
import { type DataType, textType } from "../data-type.ts";
import { type ResultShape, resultShape } from "../result-shape.ts";
import { ResultShapes, type TypeSource } from "../result-shapes.ts";

export interface NeonShapes {
  /** Every value as text. */
  raw: ResultShapes;
  /** Values by their types. */
  typed: ResultShapes;
}

const text = textType("text");
const everythingIsText: TypeSource = { find: () => text, forgotten: 0, refresh() {} };

export const createNeonShapes = (catalog: TypeSource): NeonShapes => ({
  raw: new ResultShapes(everythingIsText, neonShape),
  typed: new ResultShapes(catalog, neonShape),
});

function neonShape(
  columns: readonly ColumnDescription[],
  types: readonly DataType[],
  rowsAsArrays: boolean,
): ResultShape {
  const fields = columns.map((column) => ({
    name: column.name,
    dataTypeID: column.typeOid,
    tableID: column.tableOid,
    columnID: column.columnNumber,
    dataTypeSize: column.typeSize,
    dataTypeModifier: column.typeModifier,
    format: "text",
  }));
  return { ...resultShape(columns, types, rowsAsArrays), fieldsJson: JSON.stringify(fields) };
}
