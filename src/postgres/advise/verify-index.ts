/**
 * In charge of asking Postgres itself whether an index would help: by its plan as it is, and, where hypopg can be had, by its plan
 * as it would be with an index that is only pretended. Nothing is run, made or kept.
 */
import type pg from "pg";
import { hasCode } from "../../base/error.ts";
import { explainGeneric } from "../explain-generic.ts";
import { guessCost } from "./guess-cost.ts";

interface PlanNode {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Total Cost": number;
  "Plan Rows": number;
  Plans?: PlanNode[];
}

export interface Verdict {
  helps: boolean;
  costBefore: number;
  /** Null where nobody can pretend an index. */
  costAfter: number | null;
  /** By the rows that Postgres expects to find; what counts where nobody can pretend. */
  costGuess: number;
}

export interface WantedIndex {
  table: string;
  /** Of the table. */
  pages: number;
  definition: string;
  /** Has it the rows in the order that the statement sorts them by? */
  inOrder: boolean;
  /** Where indexes can be pretended. */
  pretending: string | undefined;
}

/** The index must make the whole statement cheaper by that much. */
const leastGain = 0.7;

export async function verifyIndex(
  client: pg.ClientBase,
  statement: string,
  { table, definition, pretending, pages, inOrder }: WantedIndex,
): Promise<Verdict | undefined> {
  const before = await planOf(client, statement);
  if (!before) return undefined;
  const costBefore = before["Total Cost"];
  const whole = nodesOf(before).find((node) => node["Relation Name"] === table && isWhole(node, before));
  const costGuess = whole ? guess(whole, before, { pages, inOrder }) : costBefore;
  if (pretending === undefined)
    return {
      helps: whole !== undefined && costGuess <= leastGain * costBefore,
      costBefore,
      costAfter: null,
      costGuess,
    };
  const pretended = await client.query<{ indexname: string }>(
    `select indexname from ${pretending}.hypopg_create_index($1)`,
    [definition],
  );
  try {
    const after = await planOf(client, statement);
    const name = pretended.rows[0]!.indexname;
    const costAfter = after?.["Total Cost"] ?? costBefore;
    const isUsed = after !== undefined && nodesOf(after).some((node) => node["Index Name"] === name);
    return { helps: isUsed && costAfter <= leastGain * costBefore, costBefore, costAfter, costGuess };
  } finally {
    await client.query(`select ${pretending}.hypopg_reset()`);
  }
}

/** Reading the table from end to end, and sorting what was read, is much of what the statement costs. */
function isWhole(node: PlanNode, root: PlanNode): boolean {
  const isSorted = nodesOf(root).some((one) => one["Node Type"] === "Sort");
  return (
    node["Node Type"].endsWith("Seq Scan") &&
    node["Total Cost"] >= (isSorted ? 0.1 : 0.3) * root["Total Cost"]
  );
}

function guess(
  whole: PlanNode,
  root: PlanNode,
  { pages, inOrder }: Pick<WantedIndex, "pages" | "inOrder">,
): number {
  const sort = nodesOf(root).find((one) => one["Node Type"] === "Sort");
  const isFirstFew = inOrder && root["Node Type"] === "Limit" && sort !== undefined;
  return guessCost({
    statementCost: root["Total Cost"],
    scanCost: whole["Total Cost"],
    rows: Math.min(whole["Plan Rows"], joinedRows(whole, root)),
    pages,
    sorted: isFirstFew ? { cost: sort["Total Cost"], wanted: root["Plan Rows"] } : undefined,
  });
}

/** What the nearest join above leaves of it: with an index nothing else would be looked up. */
function joinedRows(node: PlanNode, within: PlanNode): number {
  const joins = nodesOf(within).filter(
    (one) => /Join$|^Nested Loop$/.test(one["Node Type"]) && nodesOf(one).includes(node),
  );
  return joins.at(-1)?.["Plan Rows"] ?? Number.POSITIVE_INFINITY;
}

const planOf = async (client: pg.ClientBase, statement: string): Promise<PlanNode | undefined> =>
  ((await explainGeneric(client, statement)) as { Plan: PlanNode } | undefined)?.Plan;

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

const placesSql = `
  select quote_ident(n.nspname) as place from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'hypopg'
  union all
  select 'postern' where to_regprocedure('postern.hypopg_create_index(text)') is not null`;

/**
 * The schema of hypopg's functions: the extension's, or the platform's (insights/prepare-pretending). Undefined: they are not
 * there, or this role may not use them. What they make is gone with the session.
 */
export async function findPretending(client: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ place: string }>(placesSql);
  for (const { place } of rows) {
    try {
      await client.query(`select ${place}.hypopg_reset()`);
      return place;
    } catch (error) {
      // No right to it, or a server that has no library for it any more.
      if (!hasCode(error, "42501", "58P01", "42883")) throw error;
    }
  }
  return undefined;
}
