// Builds the console into dist/console, compressed for the wire; does nothing when its sources are those of the last build.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = join(root, "packages/console");
const target = join(root, "dist/console");
const noteFile = join(target, ".built-from");

const filesOf = (directory) =>
  readdirSync(directory, { recursive: true })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
    .sort();

function fingerprint() {
  const hash = createHash("sha256");
  const inputs = [
    ...filesOf(join(source, "src")),
    join(source, "index.html"),
    join(source, "vite.config.ts"),
  ];
  for (const path of [...inputs, fileURLToPath(import.meta.url), join(root, "package-lock.json")])
    hash.update(`${path.slice(root.length)}\0`).update(readFileSync(path));
  return hash.digest("hex");
}

/** The theme comes before everything else and so is no module; its name carries its hash like those of the others. */
function placeThemeScript() {
  const text = readFileSync(join(source, "src/theme-first.js"), "utf8")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s*\n\s*/g, "");
  const name = `assets/theme-${createHash("sha256").update(text).digest("base64url").slice(0, 8)}.js`;
  writeFileSync(join(target, name), text);
  const page = join(target, "index.html");
  const html = readFileSync(page, "utf8");
  const placed = html.replace(
    /<script[^>]*theme-first\.js"><\/script>/,
    `<script src="/console/${name}"></script>`,
  );
  if (placed === html) throw new Error("index.html names no theme-first.js.");
  writeFileSync(page, placed);
}

function compress() {
  for (const path of filesOf(target).filter((path) =>
    [".html", ".js", ".css", ".svg"].includes(extname(path)),
  )) {
    const plain = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
    writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }));
  }
}

const builtFrom = fingerprint();
if (!existsSync(noteFile) || readFileSync(noteFile, "utf8") !== builtFrom) {
  const { build } = await import("vite");
  await build({ root: source, configFile: join(source, "vite.config.ts"), logLevel: "warn" });
  placeThemeScript();
  compress();
  writeFileSync(noteFile, builtFrom);
}
