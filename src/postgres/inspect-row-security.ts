/** In charge of finding what lets clients reach rows that are not theirs, and what makes policies slow. */
import type pg from "pg";
import { checkFunctions } from "./row-security/check-functions.ts";
import { checkPolicies } from "./row-security/check-policies.ts";
import { checkRelations } from "./row-security/check-relations.ts";
import { orderFindings, type RowSecurityFinding } from "./row-security/finding.ts";
import { type RowSecurityCatalog, readRowSecurityCatalog } from "./row-security/read-catalog.ts";

export type { RowSecurityFinding } from "./row-security/finding.ts";

/** The worst first. `client` must not be inside a transaction; any role will do that may read the catalog. */
export const inspectRowSecurity = async (client: pg.ClientBase): Promise<RowSecurityFinding[]> =>
  findFaults(await readRowSecurityCatalog(client));

async function findFaults(catalog: RowSecurityCatalog): Promise<RowSecurityFinding[]> {
  return orderFindings([
    ...checkRoles(catalog),
    ...checkRelations(catalog),
    ...(await checkPolicies(catalog)),
    ...checkFunctions(catalog),
  ]);
}

const checkRoles = ({ roles }: RowSecurityCatalog): RowSecurityFinding[] =>
  roles
    .filter(({ bypasses }) => bypasses)
    .map(({ name }) => ({
      rule: "role_bypasses",
      severity: "error",
      object: `role ${name}`,
      why: "It is a superuser or has BYPASSRLS: no policy counts for it.",
      mend: `alter role ${name} nosuperuser nobypassrls;`,
    }));
