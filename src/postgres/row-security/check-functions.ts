/** In charge of what is wrong with functions that run as their owner, past row security. */

import { readableIdentifier, readableName } from "../readable-identifier.ts";
import { nameRoles } from "./check-relations.ts";
import type { RowSecurityFinding } from "./finding.ts";
import type { FunctionFacts, RowSecurityCatalog } from "./read-catalog.ts";

export const checkFunctions = ({ definer_functions }: RowSecurityCatalog): RowSecurityFinding[] =>
  definer_functions.flatMap((entry) => [...checkPath(entry), ...checkCallers(entry)]);

const describe = (entry: FunctionFacts): string =>
  `${entry.kind} ${readableName(entry)}(${entry.identity_arguments})`;

const nameInSql = (entry: FunctionFacts): string =>
  `${entry.kind} ${readableName(entry)}(${entry.identity_arguments})`;

function checkPath(entry: FunctionFacts): RowSecurityFinding[] {
  if (entry.has_search_path) return [];
  return [
    {
      rule: "definer_without_search_path",
      severity: entry.callable_by.length > 0 || entry.returns_trigger ? "warning" : "info",
      object: describe(entry),
      why: "It runs as its owner and with its caller's search_path, who can so put another table or function in the place of one it names.",
      mend: `alter ${nameInSql(entry)} set search_path = pg_catalog, ${readableIdentifier(entry.schema)}, pg_temp;`,
    },
  ];
}

/** Nobody can call a trigger's function. */
function checkCallers(entry: FunctionFacts): RowSecurityFinding[] {
  const { callable_by: roles, returns_trigger } = entry;
  if (roles.length === 0 || returns_trigger) return [];
  const forAnon = roles.includes("anon");
  return [
    {
      rule: "definer_function_callable",
      severity: forAnon ? "warning" : "info",
      object: describe(entry),
      why: `${nameRoles(roles)} can call it, and it runs as its owner, for whom policies do not count.${
        forAnon ? "" : " It has to check by itself who calls."
      }`,
      mend: `revoke execute on ${nameInSql(entry)} from public, ${forAnon ? "anon" : nameRoles(roles)};`,
    },
  ];
}
