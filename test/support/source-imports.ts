/** In charge of reading which files of `src` import which. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const sdkRoot = fileURLToPath(new URL("../../packages/sdk/src/", import.meta.url));
export const consoleRoot = fileURLToPath(new URL("../../packages/console/src/", import.meta.url));
export const sourceRoot = fileURLToPath(new URL("../../src/", import.meta.url));

export interface Import {
  /** Relative to `src`. */
  from: string;
  to: string;
  /** Only for types: gone when the program runs. */
  typeOnly: boolean;
}

/** Every import of one file of `src` by another. */
export function readImports(): Import[] {
  return listSources(sourceRoot).flatMap((from) => {
    const text = readFileSync(`${sourceRoot}${from}`, "utf8");
    const statements = text.matchAll(
      /(import|export)\s+(type\s+)?(?:[^;"']*?from\s+)?["'](\.{1,2}\/[^"']+)["']|import\(\s*["'](\.{1,2}\/[^"']+)["']\s*\)/g,
    );
    return [...statements].map((match) => ({
      from,
      to: relative(sourceRoot, normalize(`${sourceRoot}${dirname(from)}/${match[3] ?? match[4]}`)),
      typeOnly: match[2] !== undefined,
    }));
  });
}

/** Every import of a package, Node's own included, by a file below a folder. */
export function readPackageImports(root: string, { typesToo = true } = {}): { from: string; name: string }[] {
  return listSources(root).flatMap((from) => {
    const whole = readFileSync(`${root}${from}`, "utf8");
    const text = typesToo ? whole : whole.replaceAll(/^(?:import|export) type\s[^;]*;/gm, "");
    const names = text.matchAll(
      /^(?:import|export)\s+(?:[^;"']*?from\s+)?["']([^."'][^"']*)["']|import\(\s*["']([^."'][^"']*)["']\s*\)/gm,
    );
    return [...names].map((match) => ({ from, name: (match[1] ?? match[2])! }));
  });
}

/** Texts of all files of `src` but those left out. */
export function readSources(without: readonly string[]): string[] {
  return listSources(sourceRoot)
    .filter((name) => !without.includes(name))
    .map((name) => readFileSync(`${sourceRoot}${name}`, "utf8"));
}

const listSources = (root: string): string[] =>
  (readdirSync(root, { recursive: true }) as string[]).filter((name) => /\.tsx?$/.test(name));
