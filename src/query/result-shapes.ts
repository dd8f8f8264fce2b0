/** In charge of remembering the shapes of results, by the very bytes in which Postgres describes them. */
import { parseRowDescription } from "../postgres/wire/row-description.ts";
import { type ResultShape, resultShape } from "./result-shape.ts";
import type { TypeCatalog } from "./type-catalog.ts";

/** Far more than an application has statements; beyond it the memory starts afresh. */
const most = 1_000;

/** Where types are looked up. */
export type TypeSource = Pick<TypeCatalog, "find" | "forgotten" | "refresh">;

export class ResultShapes {
  readonly catalog: TypeSource;
  readonly #makeShape: typeof resultShape;
  #forgotten = 0;
  readonly #shapes = { objects: new Map<string, ResultShape>(), arrays: new Map<string, ResultShape>() };

  constructor(catalog: TypeSource, makeShape = resultShape) {
    this.catalog = catalog;
    this.#makeShape = makeShape;
  }

  /** Undefined: the catalog does not know all its types yet. */
  find(buffer: Buffer, start: number, end: number, rowsAsArrays: boolean): ResultShape | undefined {
    const shapes = this.#shapes[rowsAsArrays ? "arrays" : "objects"];
    const key = buffer.toString("latin1", start, end);
    const known = shapes.get(key);
    if (known) return known;
    const columns = parseRowDescription(buffer, start);
    const types = columns.flatMap((column) => this.catalog.find(column.typeOid) ?? []);
    if (types.length < columns.length) return undefined;
    const shape = this.#makeShape(columns, types, rowsAsArrays);
    if (shapes.size >= most) shapes.clear();
    shapes.set(key, shape);
    return shape;
  }

  /** Forgets what was learnt of the user's own types if that is too long ago, and the shapes that rest on it. */
  refresh(now: number): void {
    this.catalog.refresh(now);
    if (this.catalog.forgotten === this.#forgotten) return;
    this.#forgotten = this.catalog.forgotten;
    this.#shapes.objects.clear();
    this.#shapes.arrays.clear();
  }
}
