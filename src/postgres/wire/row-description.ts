/** In charge of what Postgres says about the columns of a result and the parameters of a statement. */

export interface ColumnDescription {
  name: string;
  tableOid: number;
  columnNumber: number;
  typeOid: number;
  typeSize: number;
  typeModifier: number;
}

export function parseRowDescription(buffer: Buffer, start: number): ColumnDescription[] {
  const count = buffer.readUInt16BE(start);
  const columns: ColumnDescription[] = [];
  let offset = start + 2;
  for (let index = 0; index < count; index++) {
    const nameEnd = buffer.indexOf(0, offset);
    const name = buffer.toString("utf8", offset, nameEnd);
    offset = nameEnd + 1;
    columns.push({
      name,
      tableOid: buffer.readUInt32BE(offset),
      columnNumber: buffer.readInt16BE(offset + 4),
      typeOid: buffer.readUInt32BE(offset + 6),
      typeSize: buffer.readInt16BE(offset + 10),
      typeModifier: buffer.readInt32BE(offset + 12),
    });
    offset += 18; // with the format code: always text, because Bind asks for it
  }
  return columns;
}

export function parseParameterTypes(buffer: Buffer, start: number): number[] {
  const count = buffer.readUInt16BE(start);
  return Array.from({ length: count }, (_, index) => buffer.readUInt32BE(start + 2 + index * 4));
}
