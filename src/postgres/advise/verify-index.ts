/**
 * In charge of asking Postgres itself whether an index would help: by its plan as it is, and, where hypopg can be had, by its plan
 * as it would be with an index that is only pretended. Nothing is run, made or kept.
 */
import type pg from "pg";
import { explainGeneric } from "../explain-generic.ts";

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
  /** By the rows that Postgres expects to find, when nobody can pretend. */
  costGuess: number;
}

/** The index must make the whole statement cheaper by that much. */
const leastGain = 0.7;

export async function verifyIndex(
  client: pg.ClientBase,
  statement: string,
  { table, definition, canPretend }: { table: string; definition: string; canPretend: boolean },
): Promise<Verdict | undefined> {
  const before = await planOf(client, statement);
  if (!before) return undefined;
  const costBefore = before["Total Cost"];
  const whole = nodesOf(before).find((node) => node["Relation Name"] === table && isWhole(node, before));
  const costGuess = whole ? guessCost(whole, before) : costBefore;
  if (!canPretend) return { helps: whole !== undefined, costBefore, costAfter: null, costGuess };
  const pretended = await client.query<{ indexname: string }>(
    "select indexname from hypopg_create_index($1)",
    [definition],
  );
  try {
    const after = await planOf(client, statement);
    const name = pretended.rows[0]!.indexname;
    const costAfter = after?.["Total Cost"] ?? costBefore;
    const isUsed = after !== undefined && nodesOf(after).some((node) => node["Index Name"] === name);
    return { helps: isUsed && costAfter <= leastGain * costBefore, costBefore, costAfter, costGuess };
  } finally {
    await client.query("select hypopg_reset()");
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

/** Down the tree, then a page for each row, with what Postgres counts for them unless it was told otherwise. */
function guessCost(whole: PlanNode, root: PlanNode): number {
  const found = Math.max(1, whole["Plan Rows"]);
  const byIndex = 8.3 + found * (4 + 0.01 + 0.005);
  return Math.max(0, root["Total Cost"] - whole["Total Cost"]) + Math.min(byIndex, whole["Total Cost"]);
}

const planOf = async (client: pg.ClientBase, statement: string): Promise<PlanNode | undefined> =>
  ((await explainGeneric(client, statement)) as { Plan: PlanNode } | undefined)?.Plan;

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** Pretends nothing yet; false: hypopg is not there, or this role may not have it. What it makes is gone with the session. */
export async function preparePretending(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ installed: boolean }>(
    "select exists (select from pg_extension where extname = 'hypopg') as installed",
  );
  return rows[0]!.installed;
}
