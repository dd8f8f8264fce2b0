/** In charge of the reference of the HTTP API as a document: what is typed by hand about the whole, then every route. */
import { httpDocsIntroduction } from "./http-docs-introduction.ts";
import { openapiDocument } from "./openapi-document.ts";

interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  description?: string;
  anyOf?: Schema[];
}

interface Route {
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Record<string, unknown>[];
  parameters?: { name: string; in: string; description?: string; required?: boolean }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>;
}

/** Markdown of `docs/http-api.md`. */
export async function renderHttpDocs(): Promise<string> {
  const document = (await openapiDocument("")) as unknown as { paths: Record<string, Record<string, Route>> };
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({ title: `${method.toUpperCase()} ${path}`, route })),
  );
  const groups = new Map<string, string[]>();
  for (const { title, route } of routes) {
    const group = route.tags?.[0] ?? "Other";
    groups.set(group, [...(groups.get(group) ?? []), renderRoute(title, route)]);
  }
  const reference = [...groups].map(([name, texts]) => `## ${name}\n\n${texts.join("\n")}`);
  return `${httpDocsIntroduction}\n# Reference\n\n${reference.join("\n")}`;
}

function renderRoute(title: string, route: Route): string {
  const lines = [
    `### ${title}`,
    "",
    `${route.summary ?? ""}.${route.description ? ` ${route.description}` : ""}`,
    "",
  ];
  lines.push(`- Credentials: ${credentialsOf(route)}`);
  for (const { name, in: place, description, required } of route.parameters ?? []) {
    lines.push(
      `- \`${name}\` (${place}${required && place !== "path" ? ", required" : ""})${description ? `: ${description}` : ""}`,
    );
  }
  const body = route.requestBody && schemaOf(route.requestBody.content);
  if (body) lines.push(`- Body: ${fieldsOf(body)}`);
  lines.push(`- Answers: ${answersOf(route)}`, "");
  return lines.join("\n");
}

function credentialsOf({ security }: Route): string {
  const names = (security ?? []).flatMap((entry) =>
    Object.keys(entry).length === 0 ? ["none"] : Object.keys(entry),
  );
  return names.length === 0 ? "none" : names.join(" or ");
}

const schemaOf = (content: Record<string, { schema: Schema }>): Schema | undefined =>
  Object.values(content)[0]?.schema;

function fieldsOf(schema: Schema): string {
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => `\`${name}\`${schema.required?.includes(name) ? "" : "?"} ${typeOf(field)}`,
  );
  return fields.length === 0 ? typeOf(schema) : fields.join(", ");
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split("/").at(-1)!;
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" \\| ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" \\| ");
  if (schema.type === "array") return `array of ${schema.items ? typeOf(schema.items) : "anything"}`;
  return [schema.type ?? "any JSON"].flat().join(" \\| ");
}

function answersOf({ responses }: Route): string {
  return Object.entries(responses)
    .map(([status, { content }]) => {
      const schema = content && schemaOf(content);
      return Number(status) < 300 && schema ? `${status} ${typeOf(schema)}` : status;
    })
    .join(", ");
}
