/** In charge of knowing the types of one database: the built-in ones at once, the user's own once they were asked for. */
import { arrayType, builtinTypes, type DataType, textType } from "./data-type.ts";

/**
 * The types asked for, what their arrays hold and what their domains rest on. `array_subscript_handler` marks the true
 * arrays: other types may have a `typelem` too.
 */
export const typeQuery = `
  with recursive wanted (oid) as (
    select unnest($1::pg_catalog.oid[])
    union
    select case t.typtype when 'd' then t.typbasetype else t.typelem end
      from wanted join pg_catalog.pg_type t on t.oid = wanted.oid
     where t.typtype = 'd' or t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
  )
  select t.oid, t.typname, t.typdelim, t.typbasetype,
         case when t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc then t.typelem else 0 end
    from wanted join pg_catalog.pg_type t on t.oid = wanted.oid`;

export type TypeRow = [oid: string, name: string, delimiter: string, base: string, element: string];

// Types can be renamed and dropped; what was learnt of them is believed for this long.
const believedForMs = 60_000;

export class TypeCatalog {
  readonly #types = new Map<number, DataType>();
  /** How many times it forgot. */
  forgotten = 0;
  #learntAt = 0;

  /** Undefined: to be asked for with `typeQuery`. */
  find(oid: number): DataType | undefined {
    return builtinTypes.get(oid) ?? this.#types.get(oid);
  }

  /** Forgets what is too old to be believed. */
  refresh(now: number): void {
    if (this.#types.size === 0 || now - this.#learntAt <= believedForMs) return;
    this.#types.clear();
    this.forgotten += 1;
  }

  /** Takes in the answer of `typeQuery`; what was asked for and is in no row does not exist any more. */
  learn(asked: readonly number[], rows: readonly TypeRow[], now: number): void {
    if (this.#types.size === 0) this.#learntAt = now;
    const byOid = new Map(rows.map((row) => [Number(row[0]), row]));
    const build = (oid: number): DataType => {
      const builtin = builtinTypes.get(oid);
      if (builtin) return builtin;
      const row = byOid.get(oid);
      if (!row) return textType("???"); // as format_type() says
      const [, name, delimiter, base, element] = row;
      if (element !== "0") return arrayType(name, build(Number(element)), delimiter);
      return base === "0" ? textType(name) : { ...build(Number(base)), name };
    };
    for (const oid of [...asked, ...byOid.keys()]) this.#types.set(oid, build(oid));
  }
}
