/** In charge of reading a plan: how long each step took by itself, and how far the estimates were off. Pure. */
export interface RawPlan {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  Alias?: string;
  Filter?: string;
  "Index Cond"?: string;
  "Hash Cond"?: string;
  "Join Filter"?: string;
  "Sort Key"?: string[];
  "Rows Removed by Filter"?: number;
  "Total Cost": number;
  "Plan Rows": number;
  "Actual Total Time"?: number;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Shared Hit Blocks"?: number;
  "Shared Read Blocks"?: number;
  Plans?: RawPlan[];
}

export interface PlanStep {
  name: string;
  on: string | undefined;
  details: string[];
  depth: number;
  /** Milliseconds, or cost where it was not run. */
  self: number;
  share: number;
  planRows: number;
  /** Null: not run. */
  rows: number | null;
  loops: number;
  /** How many times too many or too few rows were expected; at least 1. */
  off: number | null;
  blocks: number;
}

export interface PlanReport {
  steps: PlanStep[];
  isAnalyzed: boolean;
  totalMs: number | null;
  planningMs: number | null;
  findings: string[];
}

interface Explained {
  Plan: RawPlan;
  "Planning Time"?: number;
  "Execution Time"?: number;
}

export function readPlan(json: string): PlanReport {
  const [explained] = JSON.parse(json) as [Explained];
  const isAnalyzed = explained.Plan["Actual Total Time"] !== undefined;
  const whole = weightOf(explained.Plan, isAnalyzed) || 1;
  const steps: PlanStep[] = [];
  const walk = (plan: RawPlan, depth: number) => {
    const children = plan.Plans ?? [];
    const below = children.reduce((sum, child) => sum + weightOf(child, isAnalyzed), 0);
    const self = Math.max(0, weightOf(plan, isAnalyzed) - below);
    const rows = plan["Actual Rows"] ?? null;
    steps.push({
      name: plan["Node Type"],
      on: plan["Relation Name"] ?? plan["Index Name"],
      details: detailsOf(plan),
      depth,
      self,
      share: self / whole,
      planRows: plan["Plan Rows"],
      rows,
      loops: plan["Actual Loops"] ?? 1,
      off: rows === null ? null : errorOf(plan["Plan Rows"], rows),
      blocks: (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0),
    });
    for (const child of children) walk(child, depth + 1);
  };
  walk(explained.Plan, 0);
  return {
    steps,
    isAnalyzed,
    totalMs: explained["Execution Time"] ?? null,
    planningMs: explained["Planning Time"] ?? null,
    findings: findingsOf(steps),
  };
}

const weightOf = (plan: RawPlan, isAnalyzed: boolean): number =>
  isAnalyzed ? (plan["Actual Total Time"] ?? 0) * (plan["Actual Loops"] ?? 1) : plan["Total Cost"];

const errorOf = (planned: number, rows: number): number => {
  const [a, b] = [Math.max(1, planned), Math.max(1, rows)];
  return Math.max(a / b, b / a);
};

function detailsOf(plan: RawPlan): string[] {
  const removed = plan["Rows Removed by Filter"];
  return [
    plan["Index Name"] && plan["Relation Name"] && `by ${plan["Index Name"]}`,
    plan["Index Cond"] && `index: ${plan["Index Cond"]}`,
    plan["Hash Cond"] && `on ${plan["Hash Cond"]}`,
    plan["Join Filter"] && `on ${plan["Join Filter"]}`,
    plan.Filter && `filter: ${plan.Filter}`,
    removed && `${removed.toLocaleString("en-GB")} rows looked at for nothing`,
    plan["Sort Key"] && `by ${plan["Sort Key"].join(", ")}`,
  ].filter((detail): detail is string => Boolean(detail));
}

/** The three that matter most. */
function findingsOf(steps: readonly PlanStep[]): string[] {
  const slow = steps.toSorted((a, b) => b.share - a.share)[0];
  const findings: string[] = [];
  if (slow && steps.length > 1 && slow.share > 0.3)
    findings.push(`${Math.round(slow.share * 100)} % goes to ${nameOf(slow)}.`);
  const seq = steps.find(
    ({ name, details, share }) =>
      name === "Seq Scan" && share > 0.2 && details.some((detail) => detail.startsWith("filter:")),
  );
  if (seq) findings.push(`${nameOf(seq)} reads the whole table to filter it: an index may help.`);
  const wrong = steps.filter(({ off }) => off !== null && off >= 10).toSorted((a, b) => b.off! - a.off!)[0];
  if (wrong)
    findings.push(
      `${nameOf(wrong)} had ${Math.round(wrong.off!)} times ${wrong.rows! > wrong.planRows ? "more" : "fewer"} rows than expected: ANALYZE may help.`,
    );
  return findings;
}

export const nameOf = ({ name, on }: Pick<PlanStep, "name" | "on">): string =>
  on ? `${name} on ${on}` : name;
