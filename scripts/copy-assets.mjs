// Copies what the compiler leaves behind (SQL files) from src to dist and makes the commands executable and findable.
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
for (const folder of ["state/schema", "postgres/sql"]) {
  if (existsSync(`${root}src/${folder}`)) {
    cpSync(`${root}src/${folder}`, `${root}dist/${folder}`, { recursive: true });
  }
}
mkdirSync(`${root}node_modules/.bin`, { recursive: true });
for (const command of ["postern", "posternd"]) {
  chmodSync(`${root}dist/bin/${command}.js`, 0o755);
  // \`npx postern\` in a checkout finds its command here. A "bin" entry would make npx install the checkout into its cache.
  const link = `${root}node_modules/.bin/${command}`;
  rmSync(link, { force: true });
  symlinkSync(`../../dist/bin/${command}.js`, link);
}
