/** In charge of reading plain values out of what a manifest's text became, wrong ones included: those are reported elsewhere. */

export type RawMap = Record<string, unknown>;

export const asMap = (value: unknown): RawMap =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as RawMap) : {};

export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const asText = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;

/** One text, or a list of them. */
export const asTexts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((one) => asText(one) ?? []);

/** A map of variables, or a list of `NAME=value`. */
export function asVariables(value: unknown): Record<string, string> {
  const entries: [string, string][] = Array.isArray(value)
    ? asTexts(value).map((text) => {
        const at = text.indexOf("=");
        return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
      })
    : Object.entries(asMap(value)).map(([name, one]) => [name, asText(one) ?? ""]);
  return Object.fromEntries(entries);
}

/** `x-postern` and `x-eve` are the same by two names. */
export const extensionOf = (raw: RawMap): RawMap => ({ ...asMap(raw["x-eve"]), ...asMap(raw["x-postern"]) });

/** Maps are merged key by key, null takes a key away, and all else takes the place of what was there. */
function mergeRaw(base: unknown, over: unknown): unknown {
  if (!isMap(base) || !isMap(over)) return over;
  const merged: RawMap = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === null) delete merged[key];
    else merged[key] = mergeRaw(base[key], value);
  }
  return merged;
}

const isMap = (value: unknown): value is RawMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A service with what an environment changes of it; both may write variables as a map or as a list. */
export function mergeService(base: RawMap, over: RawMap): RawMap {
  const flat = (raw: RawMap): RawMap => {
    const { "x-eve": _eve, "x-postern": _postern, ...rest } = raw;
    const environment = Array.isArray(raw.environment) ? asVariables(raw.environment) : raw.environment;
    return {
      ...rest,
      ...(environment === undefined ? {} : { environment }),
      "x-postern": extensionOf(raw),
    };
  };
  return mergeRaw(flat(base), flat(over)) as RawMap;
}
