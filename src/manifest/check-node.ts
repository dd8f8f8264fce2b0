/** In charge of holding a parsed YAML document against a schema, and of saying at each place what was found and what was expected. */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from "yaml";
import type { Schema } from "./manifest-schema.ts";
import { suggest } from "./suggest.ts";

export type Path = readonly (string | number)[];

export interface Finding {
  /** Where in the text; of the key where it is the key that is wrong. */
  offset: number;
  path: Path;
  message: string;
  hint?: string | undefined;
}

export interface CheckResult {
  findings: Finding[];
  /** Keys of Compose that mean nothing here. */
  ignored: Path[];
}

/** Aliases that stand for themselves would never end, and aliases of aliases of aliases not in time. */
const deepest = 60;
const mostNodes = 50_000;

export function checkNode(document: Document, root: Schema): CheckResult {
  const check = new NodeCheck(document, root);
  check.value(document.contents, document.contents, root, []);
  return check.result;
}

/** `place`: the node that is pointed at where the value itself is not written. */
class NodeCheck {
  readonly result: CheckResult = { findings: [], ignored: [] };
  readonly #document: Document;
  readonly #root: Schema;
  #nodes = 0;

  constructor(document: Document, root: Schema) {
    this.#document = document;
    this.#root = root;
  }

  #report(node: unknown, path: Path, message: string, hint?: string): void {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    const isKnown = this.result.findings.some((one) => one.offset === offset && one.message === message);
    if (!isKnown) this.result.findings.push({ offset, path, message, hint });
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  value(given: unknown, place: unknown, schema: Schema, path: Path): void {
    if (++this.#nodes > mostNodes || path.length > deepest) {
      if (this.#nodes <= mostNodes + 1)
        this.#report(place, path, "it goes too deep, or its aliases make it too large");
      this.#nodes = mostNodes + 1;
      return;
    }
    const node = this.#resolve(given);
    const rule = deref(this.#root, schema);
    if (rule.anyOf) this.#choices(node, place, rule, path);
    else if (rule.type !== undefined && rule.type !== kindOf(node) && !isNumberOf(rule, node)) {
      this.#report(place, path, `found ${describeNode(node)}, expected ${describe(this.#root, rule)}`);
    } else if (isMap(node)) this.#map(node.items as Pair[], place, rule, path);
    else if (isSeq(node)) this.#seq(node.items, place, rule, path);
    else this.#scalar(node, place, rule, path);
  }

  /** The one of its kind is held against; with none of its kind all of them were expected. */
  #choices(node: unknown, place: unknown, rule: Schema, path: Path): void {
    const choices = rule.anyOf!.map((choice) => deref(this.#root, choice));
    const kind = kindOf(node);
    const fitting = choices.find(
      (choice) => choice.type === kind || isNumberOf(choice, node) || choice.type === undefined,
    );
    const isWrongWord = fitting?.enum !== undefined && !fitting.enum.includes(scalarOf(node) as never);
    if (fitting && !isWrongWord) {
      const { "x-expected": expected } = rule;
      const wording =
        fitting.type === "object" || fitting.type === "array" ? {} : { "x-expected": expected! };
      this.value(node, place, expected ? { ...fitting, ...wording } : fitting, path);
    } else this.#report(place, path, `found ${describeNode(node)}, expected ${describe(this.#root, rule)}`);
  }

  #map(pairs: readonly Pair[], place: unknown, rule: Schema, path: Path): void {
    const present = new Set<string>();
    for (const { key, value } of pairs) {
      const name = String(scalarOf(key));
      // The merge key is a symbol once the parser has known it for one.
      if (typeof scalarOf(key) === "symbol") {
        for (const pair of this.#mergedPairs(value)) {
          present.add(String(scalarOf(pair.key)));
          this.#entry(pair, rule, path);
        }
        continue;
      }
      present.add(name);
      this.#entry({ key, value } as Pair, rule, path);
    }
    for (const name of rule.required ?? []) {
      if (present.has(name)) continue;
      const expected = describe(this.#root, deref(this.#root, rule.properties?.[name] ?? {}));
      this.#report(place, path, `${name} is missing, expected ${expected}`);
    }
  }

  #mergedPairs(value: unknown, depth = 0): Pair[] {
    const node = this.#resolve(value);
    if (isMap(node)) return node.items as Pair[];
    if (!isSeq(node) || depth > deepest) return [];
    return node.items.flatMap((item) => this.#mergedPairs(item, depth + 1));
  }

  #entry({ key, value }: Pair, rule: Schema, path: Path): void {
    const name = String(scalarOf(key));
    const own = [...path, name];
    const known = rule.properties && Object.hasOwn(rule.properties, name) ? rule.properties[name] : undefined;
    if (rule["x-nullable"] && kindOf(value) === "null") return;
    if (known?.["x-ignored"]) this.result.ignored.push(own);
    else if (known) this.value(value, value ?? key, known, own);
    else if (patternFor(rule, name)) return;
    else if (typeof rule.additionalProperties === "object") {
      const { pattern } = rule.propertyNames ?? {};
      if (pattern !== undefined && !new RegExp(pattern, "u").test(name))
        this.#report(key, own, `"${name}" cannot be a name here`, `Names match ${pattern}`);
      this.value(value, value ?? key, rule.additionalProperties, own);
    } else if (rule.additionalProperties === false) this.#unknown(key, name, rule, own);
  }

  #unknown(key: unknown, name: string, rule: Schema, path: Path): void {
    const names = Object.entries(rule.properties ?? {}).filter(([, schema]) => !schema["x-ignored"]);
    const words = names.map(([word]) => word);
    const near = suggest(name, words);
    const few = words.length <= 12 ? `, expected ${joined(words)}` : "";
    this.#report(key, path, `unknown key "${name}"${few}`, near ? `Did you mean "${near}"?` : undefined);
  }

  #seq(items: readonly unknown[], place: unknown, rule: Schema, path: Path): void {
    if (items.length < (rule.minItems ?? 0))
      this.#report(place, path, "found an empty list, expected an entry");
    if (!rule.items) return;
    for (const [at, item] of items.entries()) this.value(item, item ?? place, rule.items, [...path, at]);
  }

  #scalar(node: unknown, place: unknown, rule: Schema, path: Path): void {
    const value = scalarOf(node);
    const wrong = (hint?: string) =>
      this.#report(place, path, `found ${describeNode(node)}, expected ${describe(this.#root, rule)}`, hint);
    if (rule.enum && !rule.enum.includes(value as never)) {
      const near = suggest(String(value), rule.enum.map(String));
      wrong(near === undefined ? undefined : `Did you mean "${near}"?`);
    } else if (typeof value === "string") {
      if (rule.pattern !== undefined && !new RegExp(rule.pattern, "u").test(value)) wrong();
      else if (value.trim().length < (rule.minLength ?? 0)) wrong();
    }
  }
}

function deref(root: Schema, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...own } = schema;
  return { ...root.$defs![$ref.slice("#/$defs/".length)]!, ...own };
}

const patternFor = (rule: Schema, name: string): Schema | undefined =>
  Object.entries(rule.patternProperties ?? {}).find(([pattern]) => new RegExp(pattern, "u").test(name))?.[1];

const scalarOf = (node: unknown): unknown => (isScalar(node) ? node.value : node);

function kindOf(node: unknown): Schema["type"] {
  if (isMap(node)) return "object";
  if (isSeq(node)) return "array";
  const value = scalarOf(node);
  if (value === null || value === undefined) return "null";
  if (typeof value === "number") return "number";
  return typeof value === "boolean" ? "boolean" : "string";
}

const isNumberOf = (rule: Schema, node: unknown): boolean =>
  rule.type === "integer" && Number.isInteger(scalarOf(node));

function describeNode(node: unknown): string {
  const kind = kindOf(node);
  if (kind === "object") return "a map";
  if (kind === "array") return "a list";
  if (kind === "null") return "nothing";
  const text = String(scalarOf(node));
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return kind === "string" ? JSON.stringify(shown) : shown;
}

const kinds: Record<NonNullable<Schema["type"]>, string> = {
  object: "a map",
  array: "a list",
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  null: "nothing",
};

function describe(root: Schema, given: Schema): string {
  const schema = deref(root, given);
  if (schema["x-expected"]) return schema["x-expected"];
  if (schema.enum) return joined(schema.enum.map(String));
  if (schema.anyOf) return joined(schema.anyOf.map((choice) => describe(root, choice)));
  return schema.type === undefined ? "a value" : kinds[schema.type];
}

/** `a, b or c` */
const joined = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? "nothing") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
