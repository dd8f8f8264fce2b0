// Copies what the compiler leaves behind (SQL files) from src to dist and makes the commands executable.
import { chmodSync, cpSync, existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
for (const folder of ["state/schema", "postgres/sql"]) {
  if (existsSync(`${root}src/${folder}`)) {
    cpSync(`${root}src/${folder}`, `${root}dist/${folder}`, { recursive: true });
  }
}
for (const command of ["postern", "posternd", "quickstart"]) {
  const file = `${root}dist/bin/${command}.js`;
  if (existsSync(file)) chmodSync(file, 0o755);
}
