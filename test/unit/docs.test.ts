/** The documents that come from the code say what the code says. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../src/base/error-codes.ts";
import { renderErrorDocs } from "../../src/base/render-error-docs.ts";
import { openapiDocument } from "../../src/http/openapi-document.ts";
import { renderHttpDocs } from "../../src/http/render-http-docs.ts";
import { renderManifestSchema } from "../../src/manifest/render-schema.ts";
import { readSources } from "../support/source-imports.ts";

const read = (file: string) => readFileSync(new URL(`../../docs/${file}`, import.meta.url), "utf8");

describe("docs/errors.md", () => {
  it("lists every code of the table, with its status and exit code, and no other", () => {
    expect(read("errors.md")).toBe(renderErrorDocs());
    const listed = [...read("errors.md").matchAll(/^\| `(Y\d{4})` \|/gm)].map((match) => match[1]);
    expect(listed.sort()).toEqual(Object.keys(errorCodes).sort());
  });
});

describe("error codes", () => {
  it("are each used somewhere", () => {
    const text = readSources(["base/error-codes.ts"]).join("\n");
    expect(Object.keys(errorCodes).filter((code) => !text.includes(`"${code}"`))).toEqual([]);
  });

  it("belong to the table wherever they are used", () => {
    const used = readSources([]).flatMap((text) =>
      [...text.matchAll(/"(Y\d{4})"/g)].map((match) => match[1]!),
    );
    expect(used.filter((code) => !Object.hasOwn(errorCodes, code))).toEqual([]);
  });
});

it("no document holds the marks of two versions that were not joined", () => {
  const folder = new URL("../../docs/", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".md"),
  );
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((name) => /^(<{7} |={7}$|>{7} )/m.test(read(name)))).toEqual([]);
});

describe("docs/manifest.schema.json", () => {
  it("is what manifests are checked by", () => {
    expect(read("manifest.schema.json")).toBe(renderManifestSchema());
  });
});

describe("docs/http-api.md", () => {
  it("is what the routes and their schemas say", async () => {
    expect(read("http-api.md")).toBe(await renderHttpDocs());
  });

  it("has every route, and the shape of everything that it links to", async () => {
    const text = read("http-api.md");
    const { paths } = (await openapiDocument("1")) as { paths: Record<string, object> };
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        expect(text).toContain(`\n### \`${method.toUpperCase()} ${path}\`\n`);
      }
    }
    const headings = new Set([...text.matchAll(/^### (\w+)$/gm)].map(([, name]) => name!.toLowerCase()));
    const links = [...text.matchAll(/\]\(#(\w+)\)/g)].map(([, name]) => name!);
    expect(links.filter((name) => !headings.has(name))).toEqual([]);
  });
});
