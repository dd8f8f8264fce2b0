/** In charge of a constraint that is added to a table with rows. */
import type { Constraint } from "libpg-query";
import { readableIdentifier } from "../../postgres/readable-identifier.ts";
import type { LintDraft } from "./lint-rules.ts";
import { keyOf, stringsOf } from "./parse-nodes.ts";

export function lintAddedConstraint(table: string, constraint: Constraint): LintDraft[] {
  const { contype, skip_validation: unvalidated, location: at } = constraint;
  switch (contype) {
    case "CONSTR_FOREIGN":
      return unvalidated ? [] : [{ ...foreignKey(table, constraint), at }];
    case "CONSTR_CHECK":
      return unvalidated ? [] : [{ ...check(table, constraint), at }];
    case "CONSTR_PRIMARY":
    case "CONSTR_UNIQUE":
      return constraint.indexname ? [] : [{ ...unique(table, constraint), at }];
    case "CONSTR_EXCLUSION":
      return [
        {
          rule: "constraint_builds_index",
          at,
          what: `Adds an exclusion constraint to ${table}.`,
          safeWay:
            "There is none: run it while nobody uses the table, or on a new table that is filled and swapped.",
        },
      ];
    default:
      return [];
  }
}

function foreignKey(table: string, constraint: Constraint): LintDraft {
  const columns = namesOf(stringsOf(constraint.fk_attrs));
  const name = constraint.conname ?? `${bare(table)}_${stringsOf(constraint.fk_attrs).join("_")}_fkey`;
  const target = keyOf(constraint.pktable ?? {});
  const targetColumns = namesOf(stringsOf(constraint.pk_attrs));
  return {
    rule: "foreign_key_validated",
    what: `Adds a foreign key from ${table} to ${target}.`,
    safeWay: [
      `ALTER TABLE ${table} ADD CONSTRAINT ${name} FOREIGN KEY (${columns}) REFERENCES ${target}${targetColumns && ` (${targetColumns})`} NOT VALID;`,
      `-- in the next migration:\nALTER TABLE ${table} VALIDATE CONSTRAINT ${name};`,
    ].join("\n"),
  };
}

function check(table: string, { conname = `${bare(table)}_check` }: Constraint): LintDraft {
  return {
    rule: "check_validated",
    what: `Adds a CHECK to ${table}.`,
    safeWay: [
      `ALTER TABLE ${table} ADD CONSTRAINT ${conname} CHECK (…) NOT VALID;`,
      `-- in the next migration:\nALTER TABLE ${table} VALIDATE CONSTRAINT ${conname};`,
    ].join("\n"),
  };
}

function unique(table: string, constraint: Constraint): LintDraft {
  const kind = constraint.contype === "CONSTR_PRIMARY" ? "PRIMARY KEY" : "UNIQUE";
  const keys = stringsOf(constraint.keys);
  const index = `${bare(table)}_${constraint.contype === "CONSTR_PRIMARY" ? "pkey" : `${keys.join("_")}_key`}`;
  return {
    rule: "constraint_builds_index",
    what: `Adds ${kind} (${namesOf(keys)}) to ${table}.`,
    safeWay: [
      `CREATE UNIQUE INDEX CONCURRENTLY ${readableIdentifier(index)} ON ${table} (${namesOf(keys)});`,
      `-- in the next migration:\nALTER TABLE ${table} ADD ${kind} USING INDEX ${readableIdentifier(index)};`,
    ].join("\n"),
  };
}

const namesOf = (names: readonly string[]): string => names.map(readableIdentifier).join(", ");

const bare = (table: string): string => table.split(".").at(-1)!.replaceAll('"', "");
