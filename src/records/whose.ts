/** In charge of what follows from who asks: as whom it runs, and under which name it is logged. */
import type { VerifiedClaims } from "../access/principal.ts";
import type { QueryTarget } from "../query/query-service.ts";
import type { Identity } from "./record-context.ts";

export const isClient = (target: QueryTarget): target is Extract<QueryTarget, { kind: "client" }> =>
  "kind" in target && target.kind === "client";

export const isAnonymous = (target: QueryTarget): boolean => isClient(target) && target.claims === null;

export const identityOf = (target: QueryTarget): Identity => (isClient(target) ? target.claims : "owner");

export const actorOf = (target: QueryTarget): string =>
  isClient(target) ? (target.claims ? nameOf(target.claims) : "anon") : "owner";

/** As the trigger names it. */
const nameOf = ({ subject, tenant }: VerifiedClaims): string =>
  tenant ? `tenant ${tenant.id} (${tenant.token})` : subject;

export const tenantOf = (target: QueryTarget): string | undefined =>
  isClient(target) ? target.claims?.tenant?.id : undefined;

export const isReader = (target: QueryTarget): boolean =>
  isClient(target) ? target.claims?.tenant?.readOnly === true : target.readOnly === true;

export const beginFor = (target: QueryTarget): string => (isReader(target) ? "begin read only" : "begin");
