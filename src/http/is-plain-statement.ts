/** In charge of telling the plain request of one statement from what the schema has to look at. */

/** What nearly every body is, told at a glance; the schema has the word on everything else, and on what is wrong. */
export function isPlainStatement(body: unknown, action: string): boolean {
  if (action === "transaction" || typeof body !== "object" || body === null) return false;
  const { sql, params, ...others } = body as { sql?: unknown; params?: unknown };
  if (typeof sql !== "string" || (params !== undefined && !Array.isArray(params))) return false;
  for (const _ in others) return false;
  return true;
}
