// Writes the documents that come from the code: docs/errors.md, docs/cli.md, and the reference part of docs/http-api.md.
// With --check it writes nothing and fails when a document is not what the code says.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { renderErrorDocs } = await import(`${root}dist/base/render-error-docs.js`);
const { registry } = await import(`${root}dist/cli/registry.js`);
const { renderCliDocs } = await import(`${root}dist/cli/render-cli-docs.js`);
const { renderHttpDocs } = await import(`${root}dist/http/render-http-docs.js`);

const { renderManifestSchema } = await import(`${root}dist/manifest/render-schema.js`);

const documents = {
  "docs/errors.md": renderErrorDocs(),
  "docs/cli.md": renderCliDocs(registry),
  "docs/manifest.schema.json": renderManifestSchema(),
  "docs/http-api.md": await renderHttpDocs(),
};

let stale = false;
for (const [file, text] of Object.entries(documents)) {
  if (!process.argv.includes("--check")) await writeFile(`${root}${file}`, text);
  else if ((await readFile(`${root}${file}`, "utf8").catch(() => "")) !== text) {
    console.error(`${file} is not what the code says: run \`npm run docs\`.`);
    stale = true;
  }
}
process.exitCode = stale ? 1 : 0;
