/** In charge of what of a dump in SQL is left out, statement by statement; the same rules as for archives. */
import { posternError } from "../../base/error.ts";
import { type LeftOut, reasonAgainstExtension } from "./plan-import.ts";
import { planPolicy } from "./plan-policy.ts";
import type { ReviseStatement } from "./script-filter.ts";
import { withoutComments } from "./script-filter.ts";
import type { TargetFacts } from "./target-facts.ts";

export interface ScriptReview {
  revise: ReviseStatement;
  leftOut: LeftOut[];
  grants: { count: number };
  owners: Set<string>;
}

const name = String.raw`("(?:[^"]|"")+"|[\w$\x80-\uffff]+)`;
const ownerTo = new RegExp(String.raw`^alter\s[^;]*?\sowner\s+to\s+${name}\s*;?\s*$`, "is");
const createExtension = new RegExp(String.raw`^create\s+extension\s+(?:if\s+not\s+exists\s+)?${name}`, "i");
const createSchema = new RegExp(String.raw`^create\s+schema\s+${name}\s*;`, "i");
const setting = /^set\s+(?:session\s+|local\s+)?([a-z_]+)\s*(?:=|\sto\s)/i;
const grant = /^(?:grant|revoke|alter\s+default\s+privileges)\b/i;
const commentOnOthers = /^comment\s+on\s+(?:extension|database|event\s+trigger|schema\s+"?public"?)\s/i;
const wholeCluster = /^(?:create|alter|drop)\s+(?:role|user|group|database|tablespace)\s/i;
/** The whole import is one transaction; one within would end it. */
const transaction = /^(?:begin|start\s+transaction|commit|end)\b(?!\s+prepared)/i;
const atomicBody = /^create\s+(?:or\s+replace\s+)?(?:function|procedure)\s[\s\S]*\sbegin\s+atomic\b/i;
const unneeded = new RegExp(
  String.raw`^create\s+(event\s+trigger|publication|subscription|foreign\s+data\s+wrapper|server|user\s+mapping)\s+(?:if\s+not\s+exists\s+)?(?:for\s+)?${name}`,
  "i",
);

export function reviewScript(facts: TargetFacts): ScriptReview {
  const leftOut: LeftOut[] = [];
  const grants = { count: 0 };
  const owners = new Set<string>();
  let inBody = false;
  const revise: ReviseStatement = async (statement) => {
    const sql = withoutComments(statement);
    // The body of a function in SQL is cut at its semicolons; nothing of it is looked at.
    if (inBody || atomicBody.test(sql)) {
      inBody = !/^end\b/i.test(sql);
      return statement;
    }
    if (transaction.test(sql)) return null;
    if (/^(?:rollback|abort)\b/i.test(sql)) throw rolledBack();
    if (wholeCluster.test(sql)) throw clusterDump(sql);
    const owner = ownerTo.exec(sql)?.[1];
    if (owner !== undefined) {
      owners.add(unquote(owner));
      return null;
    }
    if (grant.test(sql)) {
      grants.count += 1;
      return null;
    }
    if (commentOnOthers.test(sql)) return null;
    const parameter = setting.exec(sql)?.[1];
    // Settings of newer versions; what they say is the default here.
    if (parameter !== undefined && !facts.settings.has(parameter.toLowerCase())) return null;
    const schema = createSchema.exec(sql)?.[1];
    if (schema !== undefined && facts.schemas.has(unquote(schema))) return null;
    if (ofLeftOut(sql, facts)) return null;
    const reason = reasonAgainst(sql, facts);
    if (reason) {
      leftOut.push(reason);
      return null;
    }
    if (/^create\s+policy\s/i.test(sql)) return revisePolicy(sql, facts, leftOut);
    return statement;
  };
  return { revise, leftOut, grants, owners };
}

function reasonAgainst(sql: string, facts: TargetFacts): LeftOut | undefined {
  const extension = createExtension.exec(sql)?.[1];
  if (extension !== undefined) return reasonAgainstExtension(unquote(extension), facts);
  const other = unneeded.exec(sql);
  if (!other) return undefined;
  const kind = other[1]!.toLowerCase().replaceAll(/\s+/g, " ");
  const replication = kind === "publication" || kind === "subscription";
  if (!replication && facts.superuser) return undefined;
  const reason = replication ? "Replication is set up anew on each server." : "Only a superuser may make it.";
  return { kind, name: unquote(other[2]!), reason };
}

/** What follows after something that is left out, and says no more of it. */
function ofLeftOut(sql: string, facts: TargetFacts): boolean {
  if (/^(?:alter|comment\s+on)\s+(?:publication|subscription)\s/i.test(sql)) return true;
  return (
    !facts.superuser &&
    /^(?:alter|comment\s+on)\s+(?:event\s+trigger|server|foreign\s+data\s+wrapper)\s/i.test(sql)
  );
}

async function revisePolicy(sql: string, facts: TargetFacts, leftOut: LeftOut[]): Promise<string | null> {
  const plan = await planPolicy(sql, (role) => facts.roles.has(role));
  if (plan.statement === null) leftOut.push(policyLeftOut(policyName(sql), plan.unknownRoles));
  return plan.statement === null ? null : `${plan.statement};`;
}

export const policyLeftOut = (policy: string, roles: readonly string[]): LeftOut => ({
  kind: "policy",
  name: policy,
  reason: `It is for roles that do not exist here: ${roles.join(", ")}.`,
});

/** `table policy`, as archives list them. */
function policyName(sql: string): string {
  const match = new RegExp(
    String.raw`^create\s+policy\s+${name}\s+on\s+(?:only\s+)?(?:${name}\.)?${name}`,
    "i",
  ).exec(sql);
  return match ? `${unquote(match[3]!)} ${unquote(match[1]!)}` : sql.slice(0, 60);
}

const unquote = (identifier: string): string =>
  identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier.toLowerCase();

const rolledBack = () =>
  posternError("Y6032", "The script takes back what it has done, by ROLLBACK.", {
    hint: "Only scripts that are meant to be run to their end can be imported.",
  });

const clusterDump = (sql: string) =>
  posternError("Y6032", "This is a dump of a whole server, and not of one database.", {
    detail: sql.split("\n")[0]!.slice(0, 80),
    hint: "Dump the database alone: `pg_dump -Fc`, or import from its address.",
  });
