/** In charge of `\d`, `\dt` and their like: lists of what there is, and one relation in full. */
import { suggest } from "../../../manifest/suggest.ts";
import { printable } from "../../table.ts";
import type { Shell } from "../shell.ts";
import { type ListCommand, lists, relationsOf } from "./list-sql.ts";
import { moreLists } from "./more-list-sql.ts";
import { readPattern } from "./name-pattern.ts";
import { columnsSql, detailSql, findRelationsSql } from "./relation-sql.ts";

/** Undefined where the letters are no command of this family; false where there is nothing to describe. */
export async function describe(shell: Shell, command: string, rest: string): Promise<boolean | undefined> {
  const [, letters = "", flags = ""] = /^(d[A-Za-z]*?|l)([+Sx]*)$/.exec(command) ?? [];
  if (letters === "dx" && flags === "+" && rest !== "")
    return describeExtension(shell, rest.replace(/;$/, ""));
  const { list, kind } = findList(command.startsWith("dx") ? "dx" : letters);
  if (!list) return undefined;
  const plus = flags.includes("+");
  const pattern = readPattern(rest.replace(/;$/, ""));
  if (letters === "d" && rest !== "") return describeRelations(shell, rest.replace(/;$/, ""), plus);
  const params = [pattern.schema ?? null, pattern.name ?? null, flags.includes("S") ? "on" : "off"];
  const { count } = await shell.show(list.sql(plus, kind), params, list.title, {
    expanded: flags.includes("x"),
  });
  if (count === 0)
    shell.say(rest === "" ? `There are no ${list.title.toLowerCase()}.` : `None is named ${rest}.`);
  return true;
}

/** `\dtv` and `\dfp`, too: several kinds of relations, one kind of functions. */
function findList(letters: string): { list?: ListCommand | undefined; kind?: string | undefined } {
  const list = lists[letters] ?? moreLists[letters];
  if (list) return { list };
  if (/^df[anptw]$/.test(letters)) return { list: lists.df, kind: letters[2] };
  if (letters === "da") return { list: lists.df, kind: "a" };
  if (letters === "dg") return { list: lists.du };
  return /^d[tvmisEP]{2,}$/.test(letters) ? { list: relationsOf(letters.slice(1)) } : {};
}

async function describeExtension(shell: Shell, wanted: string): Promise<boolean> {
  const sql = `select pg_describe_object(d.classid, d.objid, 0) as object from pg_depend d
    join pg_extension e on e.oid = d.refobjid where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    and e.extname ~ $1 order by 1`;
  const { count } = await shell.show(
    sql,
    [readPattern(wanted).name ?? ""],
    `Objects of ${printable(wanted)}`,
  );
  if (count === 0) shell.say(`None is named ${wanted}.`);
  return true;
}

async function describeRelations(shell: Shell, wanted: string, plus: boolean): Promise<boolean> {
  const pattern = readPattern(wanted);
  const found = await shell.session.query(findRelationsSql, [pattern.schema ?? null, pattern.name ?? null]);
  if (found.length === 0) {
    const near = suggest(
      wanted,
      shell.catalog.relations.map(({ name }) => name),
    );
    shell.fail(`There is no table ${wanted}.`, near === undefined ? undefined : `Did you mean ${near}?`);
    return false;
  }
  for (const relation of found) {
    const heading = printable(`${kinds[relation.kind!] ?? "Relation"} ${relation.schema}.${relation.name}`);
    await shell.show(columnsSql(plus), [relation.oid!], heading, { quiet: true });
    await shell.print(renderDetails(relation, await shell.session.query(detailSql, [relation.oid!]), plus));
  }
  return true;
}

type Fields = Record<string, string | null>;

function renderDetails(relation: Fields, details: readonly Fields[], plus: boolean): string {
  const lines: string[] = [];
  let heading = "";
  for (const detail of details) {
    if (detail.heading !== heading) lines.push(`${detail.heading}:`);
    heading = detail.heading!;
    for (const line of (detail.line ?? "").split("\n")) lines.push(`  ${printable(line)}`);
  }
  if (relation.bound) lines.push(`Partition: ${relation.bound}`);
  if (relation.partition_key) lines.push(`Partition key: ${relation.partition_key}`);
  if (relation.secured === "true")
    lines.push(`Row security: on${relation.forced === "true" ? ", for the owner too" : ""}`);
  if (plus) lines.push(`Size: ${relation.size}`);
  if (plus && relation.description) lines.push(`Comment: ${printable(relation.description)}`);
  return lines.length === 0 ? "\n" : `${lines.join("\n")}\n\n`;
}

const kinds: Record<string, string> = {
  r: "Table",
  p: "Partitioned table",
  v: "View",
  m: "Materialized view",
  S: "Sequence",
  f: "Foreign table",
  i: "Index",
  I: "Partitioned index",
  c: "Composite type",
};
