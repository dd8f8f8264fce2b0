/** In charge of recognising the columns that say whose a row is: which user's, which group's, which tenant's. */
import type { ColumnFacts } from "./read-catalog.ts";

/** The surer ones first. */
const ownerNames = [
  "user_id",
  "owner_id",
  "userid",
  "ownerid",
  "user_sub",
  "owner",
  "created_by",
  "created_by_id",
  "author_id",
  "creator_id",
  "account_id",
  "profile_id",
];
const groupNames = [
  "group_id",
  "tenant_id",
  "team_id",
  "organization_id",
  "organisation_id",
  "org_id",
  "workspace_id",
];

const textTypes = new Set(["text", "character varying", "citext", "character"]);
const numberTypes = new Set(["smallint", "integer", "bigint", "numeric"]);

export function findOwnerColumn(columns: readonly ColumnFacts[]): ColumnFacts | undefined {
  return firstNamed(columns, ownerNames, isSubjectType);
}

export function findTenantColumn(columns: readonly ColumnFacts[]): ColumnFacts | undefined {
  return firstNamed(columns, ["tenant_id"], isSubjectType);
}

/** Groups of the scaffold have ids of type uuid. */
export function findGroupColumn(columns: readonly ColumnFacts[]): ColumnFacts | undefined {
  return firstNamed(columns, groupNames, (type) => type === "uuid");
}

const isTextType = (type: string): boolean => textTypes.has(type);
export const isNumberType = (type: string): boolean => numberTypes.has(type);

const isSubjectType = (type: string): boolean => isTextType(type) || type === "uuid" || isNumberType(type);

/** `userId` of an ORM is `user_id`. */
const plainName = (name: string): string => name.replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();

function firstNamed(
  columns: readonly ColumnFacts[],
  names: readonly string[],
  fits: (type: string) => boolean,
): ColumnFacts | undefined {
  return columns
    .filter(({ name, type }) => names.includes(plainName(name)) && fits(type))
    .toSorted((a, b) => names.indexOf(plainName(a.name)) - names.indexOf(plainName(b.name)))[0];
}

/** The caller's subject as SQL of the column's type, worked out once per statement and not once per row. */
export const subjectFor = (columnType: string, uidType: string): string =>
  `(select ${asColumn("auth.uid()", uidType, columnType)})`;

/** The same of the tenant of the caller's token; null without one. */
export const tenantFor = (columnType: string): string => `(select ${tenantDefaultFor(columnType)})`;

export const tenantDefaultFor = (columnType: string): string =>
  asColumn("auth.tenant_id()", "text", columnType);

function asColumn(call: string, callType: string, columnType: string): string {
  const isSame = columnType === callType || (isTextType(columnType) && isTextType(callType));
  return isSame ? call : `${call}::${columnType}`;
}
