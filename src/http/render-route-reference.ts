/** In charge of the list of all routes in Markdown, from the OpenAPI document. */

interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
}

type Content = Record<string, { schema?: Schema }>;

interface Route {
  summary: string;
  description?: string;
  tags: string[];
  security: Record<string, unknown>[];
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[];
  requestBody?: { content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

/** What the reference shows of the OpenAPI document. */
export interface ApiDescription {
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Route>>;
  components: { schemas: Record<string, Schema> };
}

export function renderRouteReference({ tags, paths, components }: ApiDescription): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({ title: `${method.toUpperCase()} ${path}`, route })),
  );
  const groups = tags.map(({ name, description }) => {
    const own = routes.filter(({ route }) => route.tags[0] === name);
    return [`## ${name}`, description, ...own.map(({ title, route }) => renderRoute(title, route))].join(
      "\n\n",
    );
  });
  const shapes = Object.entries(components.schemas).map(
    ([name, schema]) => `### ${name}\n\n${schema.properties ? fieldTable(schema) : `${schema.description}`}`,
  );
  return [...groups, "## Shapes", ...shapes].join("\n\n");
}

function renderRoute(title: string, route: Route): string {
  const parts = [`### \`${title}\``, `${route.summary}. ${callers(route.security)}`];
  if (route.description) parts.push(route.description);
  if (route.parameters?.length) {
    const rows = route.parameters.map((parameter) => [
      `\`${parameter.name}\``,
      parameter.in === "path" ? "path" : "query string",
      typeOf(parameter.schema),
      describe(parameter.schema, parameter.description),
    ]);
    parts.push(table(["parameter", "in", "type", ""], rows));
  }
  const body = route.requestBody?.content["application/json"]?.schema;
  if (body) parts.push(`Body:\n\n${fieldTable(body)}`);
  parts.push(answers(route.responses));
  return parts.join("\n\n");
}

const names: Record<string, string> = { apiKey: "an API key", databaseToken: "the database's token" };

function callers(security: Route["security"]): string {
  if (security.length === 0) return "Needs no credentials.";
  const ways = security.map((way) => names[Object.keys(way)[0] ?? ""] ?? "no credentials");
  return `Takes ${ways.join(" or ")}.`;
}

function answers(responses: Route["responses"]): string {
  const good = Object.entries(responses).filter(([status]) => status < "400");
  const bad = Object.keys(responses).filter((status) => status >= "400");
  const lines = good.map(([status, { description, content }]) => {
    const [type, media] = Object.entries(content ?? {})[0] ?? [];
    const shape = type === "application/json" ? typeOf(media?.schema ?? {}) : type && `\`${type}\``;
    return `- ${status}${shape ? ` (${shape})` : ""}: ${description}`;
  });
  return ["Answers:", "", ...lines, `- ${bad.join(", ")}: [Error](#error)`].join("\n");
}

function fieldTable(schema: Schema): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => [
    `\`${name}\`${schema.required?.includes(name) ? "" : " (optional)"}`,
    typeOf(field),
    describe(field),
  ]);
  return table(["field", "type", ""], rows);
}

/** `array of [Backup](#backup)`, `string or null`, `"shared" or "process"` */
function typeOf(schema: Schema): string {
  if (schema.$ref) return link(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" or ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.type === "array") return `array of ${typeOf(schema.items ?? {})}`;
  if (schema.properties) return `{ ${inlineFields(schema)} }`;
  if (schema.format === "date-time") return "time";
  return schema.type === undefined ? "any JSON" : [schema.type].flat().join(" or ");
}

function inlineFields({ properties = {}, required }: Schema): string {
  const fields = Object.entries(properties).map(
    ([name, field]) => `\`${name}\`${required?.includes(name) ? "" : " (optional)"}: ${typeOf(field)}`,
  );
  return fields.join(", ");
}

function link(reference: string): string {
  const name = reference.split("/").at(-1)!;
  return `[${name}](#${name.toLowerCase()})`;
}

function describe(schema: Schema, description = schema.description ?? ""): string {
  const facts = [];
  const isSafeRange = schema.maximum === Number.MAX_SAFE_INTEGER;
  if (schema.minimum !== undefined && !isSafeRange) facts.push(`${schema.minimum} to ${schema.maximum}`);
  if (schema.default !== undefined) facts.push(`${JSON.stringify(schema.default)} if absent`);
  return [description, facts.length > 0 ? `${facts.join(", ")}.` : ""].filter(Boolean).join(" ");
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)].join("\n");
}
