/** In charge of a column that is added to a table with rows. */
import type { ColumnDef, Constraint } from "libpg-query";
import { lintAddedConstraint } from "./lint-added-constraint.ts";
import type { LintDraft } from "./lint-rules.ts";
import { callsIn, constraintsOf, typeOf } from "./parse-nodes.ts";

const serial = /^(?:small|big)?serial[248]?$/;

/** The same for all rows of one statement, so that it is kept once and not in each row. Others are taken for volatile. */
const stable = new Set(
  `now transaction_timestamp statement_timestamp current_setting current_database current_schema to_timestamp to_date
   make_date make_timestamp make_timestamptz make_interval date_trunc timezone lower upper md5 concat concat_ws format
   jsonb_build_object jsonb_build_array json_build_object json_build_array to_json to_jsonb array_fill length abs round
   coalesce nullif date_part age extract uid role jwt`.split(/\s+/),
);

export function lintAddedColumn(table: string, column: ColumnDef): LintDraft[] {
  const constraints = constraintsOf(column);
  const has = (kind: string) => constraints.some(({ contype }) => contype === kind);
  const drafts = constraints.flatMap((constraint) =>
    lintAddedConstraint(table, { ...constraint, ...ofColumn(constraint, column) }),
  );
  const rewrite = whyRewritten(column, constraints);
  const named = `${column.colname} of ${table}`;
  if (rewrite !== undefined) {
    drafts.push({
      rule: "column_rewrites_table",
      at: column.location,
      what: `Adds column ${named} with ${rewrite}.`,
      safeWay: `ALTER TABLE ${table} ADD ${column.colname} …; without the default, then ALTER COLUMN … SET DEFAULT for new rows, and fill the old ones in batches.`,
    });
  }
  const filled =
    has("CONSTR_DEFAULT") ||
    has("CONSTR_IDENTITY") ||
    has("CONSTR_GENERATED") ||
    serial.test(typeOf(column.typeName).name);
  if ((has("CONSTR_NOTNULL") || has("CONSTR_PRIMARY")) && !filled) {
    drafts.push({
      rule: "column_not_null",
      at: column.location,
      what: `Adds column ${named} as NOT NULL without a default.`,
      safeWay: `Give it a constant DEFAULT, which touches no row; or add it without NOT NULL, fill it, and set NOT NULL later.`,
    });
  }
  return drafts;
}

/** A column's own constraint does not name the column. */
const ofColumn = (constraint: Constraint, { colname = "" }: ColumnDef): Partial<Constraint> => {
  const names = [{ String: { sval: colname } }];
  return constraint.contype === "CONSTR_FOREIGN" ? { fk_attrs: names } : { keys: names };
};

function whyRewritten(column: ColumnDef, constraints: readonly Constraint[]): string | undefined {
  const type = typeOf(column.typeName).name;
  if (serial.test(type)) return `the type ${type}`;
  for (const { contype, raw_expr: expression, generated_kind: kind } of constraints) {
    if (contype === "CONSTR_IDENTITY") return "an identity";
    if (contype === "CONSTR_GENERATED" && kind !== "v") return "a stored generated value";
    if (contype !== "CONSTR_DEFAULT") continue;
    const call = callsIn(expression).find((name) => !stable.has(name));
    if (call !== undefined) return `the default ${call}(), which differs from row to row`;
  }
  return undefined;
}
