/** The doors of the house open one way: a folder imports only what stands below it, and no files import in a circle. */
import { describe, expect, it } from "vitest";
import {
  consoleRoot,
  type Import,
  readImports,
  readPackageImports,
  sdkRoot,
  sourceRoot,
} from "../support/source-imports.ts";

const belowDaemon = [
  "http",
  "maintenance",
  "releases",
  "environments",
  "manifest",
  "databases",
  "browse",
  "records",
  "query",
  "tunnel",
  "insights",
  "backups",
  "archive",
  "migrations",
  "credentials",
  "access",
  "copies",
  "instances",
  "state",
  "runtime",
  "postgres",
  "base",
];

const mayImport: Record<string, readonly string[]> = {
  bin: ["cli", "daemon"],
  cli: ["manifest", "migrations", "postgres", "base"],
  daemon: belowDaemon,
  http: [
    "manifest",
    "databases",
    "query",
    "backups",
    "migrations",
    "credentials",
    "access",
    "instances",
    "base",
  ],
  copies: ["instances", "state", "runtime", "base"],
  maintenance: [
    "archive",
    "databases",
    "query",
    "backups",
    "access",
    "instances",
    "state",
    "runtime",
    "postgres",
    "base",
  ],
  releases: [
    "environments",
    "manifest",
    "databases",
    "backups",
    "migrations",
    "access",
    "instances",
    "state",
    "runtime",
    "base",
  ],
  environments: ["databases", "backups", "access", "instances", "state", "base"],
  manifest: ["base"],
  databases: [
    "query",
    "backups",
    "archive",
    "migrations",
    "credentials",
    "access",
    "instances",
    "state",
    "runtime",
    "postgres",
    "base",
  ],
  browse: ["records", "query", "access", "instances", "state", "postgres", "base"],
  records: ["query", "access", "instances", "state", "runtime", "postgres", "base"],
  query: ["insights", "access", "instances", "state", "runtime", "postgres", "base"],
  tunnel: ["postgres", "base"],
  backups: ["instances", "state", "runtime", "postgres", "base"],
  archive: ["backups", "instances", "state", "runtime", "postgres", "base"],
  migrations: ["postgres", "base"],
  credentials: ["instances", "state", "runtime", "postgres", "base"],
  access: ["instances", "state", "runtime", "postgres", "base"],
  insights: ["instances", "state", "runtime", "postgres", "base"],
  instances: ["state", "runtime", "postgres", "base"],
  state: ["postgres", "base"],
  runtime: ["postgres", "base"],
  postgres: ["base"],
  base: [],
};

const folderOf = (file: string) => file.split("/")[0]!;
const imports = readImports();

describe("imports", () => {
  it("are read from the source at all", () => {
    expect(imports.length).toBeGreaterThan(200);
    const folders = new Set(imports.flatMap(({ from, to }) => [folderOf(from), folderOf(to)]));
    expect([...folders].filter((folder) => mayImport[folder] === undefined)).toEqual([]);
  });

  it("go one way only", () => {
    const wrong = imports.filter(
      ({ from, to }) => folderOf(from) !== folderOf(to) && !mayImport[folderOf(from)]?.includes(folderOf(to)),
    );
    expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
  });

  it("take of the SDK what travels and its error; only the command line is a client", () => {
    const parts = readPackageImports(sourceRoot).filter(({ name }) => name.startsWith("@postern/"));
    expect(parts.length).toBeGreaterThan(50);
    const travels = ["@postern/sdk/protocol", "@postern/sdk/error"];
    const wrong = parts.filter(({ from, name }) => folderOf(from) !== "cli" && !travels.includes(name));
    expect(wrong).toEqual([]);
  });

  it("of the SDK stay inside it: it runs in a browser, too", () => {
    expect(readPackageImports(sdkRoot)).toEqual([]);
  });

  it("of the console are for browsers, and nothing of Postern's that runs", () => {
    const forBrowsers = /^(?:preact|@preact\/|@tanstack\/|@codemirror\/|@lezer\/|@postern\/sdk\/protocol$)/;
    const parts = readPackageImports(consoleRoot);
    expect(parts.length).toBeGreaterThan(20);
    expect(parts.filter(({ name }) => !forBrowsers.test(name))).toEqual([]);
    expect(
      readPackageImports(consoleRoot, { typesToo: false }).filter(({ name }) => name.startsWith("@postern/")),
    ).toEqual([]);
  });

  it("make no circle of files", () => {
    expect(findCircle(imports.filter((entry) => !entry.typeOnly))).toBeUndefined();
  });
});

/** The files of one circle, or undefined. */
function findCircle(list: readonly Import[]): string[] | undefined {
  const targets = new Map<string, string[]>();
  for (const { from, to } of list) targets.set(from, [...(targets.get(from) ?? []), to]);
  const finished = new Set<string>();
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const target of targets.get(file) ?? []) {
      const circle = visit(target, [...path, file]);
      if (circle) return circle;
    }
    finished.add(file);
    return undefined;
  };
  for (const file of targets.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return undefined;
}
