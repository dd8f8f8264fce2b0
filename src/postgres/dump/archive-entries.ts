/** In charge of reading the table of contents of a dump, as `pg_restore --list` prints it. */

export interface ArchiveEntry {
  /** As it stands in the list, which steers pg_restore. */
  line: string;
  /** Number of the entry. */
  id: number;
  /** For example "TABLE DATA". */
  kind: string;
  /** Null for what is in no schema. */
  schema: string | null;
  tag: string;
  owner: string;
}

const kinds = [
  "ACCESS METHOD",
  "ACL",
  "AGGREGATE",
  "BLOB COMMENTS",
  "BLOB METADATA",
  "BLOB",
  "BLOBS",
  "CAST",
  "CHECK CONSTRAINT",
  "COLLATION",
  "COMMENT",
  "CONSTRAINT",
  "CONVERSION",
  "DATABASE PROPERTIES",
  "DATABASE",
  "DEFAULT ACL",
  "DEFAULT",
  "DOMAIN",
  "EVENT TRIGGER",
  "EXTENSION",
  "FK CONSTRAINT",
  "FOREIGN DATA WRAPPER",
  "FOREIGN SERVER",
  "FOREIGN TABLE",
  "FUNCTION",
  "INDEX ATTACH",
  "INDEX",
  "MATERIALIZED VIEW DATA",
  "MATERIALIZED VIEW",
  "OPERATOR CLASS",
  "OPERATOR FAMILY",
  "OPERATOR",
  "POLICY",
  "PROCEDURAL LANGUAGE",
  "PROCEDURE",
  "PUBLICATION TABLES IN SCHEMA",
  "PUBLICATION TABLE",
  "PUBLICATION",
  "ROW SECURITY",
  "RULE",
  "SCHEMA",
  "SECURITY LABEL",
  "SEQUENCE OWNED BY",
  "SEQUENCE SET",
  "SEQUENCE",
  "SERVER",
  "SHELL TYPE",
  "STATISTICS DATA",
  "STATISTICS",
  "SUBSCRIPTION TABLE",
  "SUBSCRIPTION",
  "TABLE ATTACH",
  "TABLE DATA",
  "TABLE",
  "TEXT SEARCH CONFIGURATION",
  "TEXT SEARCH DICTIONARY",
  "TEXT SEARCH PARSER",
  "TEXT SEARCH TEMPLATE",
  "TRANSFORM",
  "TRIGGER",
  "TYPE",
  "USER MAPPING",
  "VIEW",
] as const;

/** Longest first, where one is the beginning of another. */
const pattern = new RegExp(
  `^(\\d+); \\d+ \\d+ (${[...kinds].sort((a, b) => b.length - a.length).join("|")}) (\\S+) (.*)$`,
);

/** Comments and what this code does not know are no entries; the latter is restored as it is. */
export function readArchiveEntries(list: string): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  for (const line of list.split("\n")) {
    if (line === "" || line.startsWith(";")) continue;
    const match = pattern.exec(line);
    if (!match) {
      const id = Number.parseInt(line, 10);
      if (!Number.isNaN(id)) entries.push({ line, id, kind: "", schema: null, tag: line, owner: "" });
      continue;
    }
    const [, id, kind, schema, rest] = match as unknown as [string, string, string, string, string];
    const end = rest.lastIndexOf(" ");
    entries.push({
      line,
      id: Number(id),
      kind,
      schema: schema === "-" ? null : schema,
      tag: end === -1 ? rest : rest.slice(0, end),
      owner: end === -1 ? "" : rest.slice(end + 1),
    });
  }
  return entries;
}

/** The SQL of each entry in what `pg_restore --verbose -f -` writes, by the number of the entry. */
export function readEntrySql(sql: string): Map<number, string> {
  const parts = sql.split(/^-- TOC entry (\d+) \(class \d+ OID \d+\)$/m);
  const found = new Map<number, string>();
  for (let at = 1; at < parts.length; at += 2) {
    const text = parts[at + 1]!.split("\n")
      .filter((line) => !/^(?:--|\\(?:un)?restrict )/.test(line))
      .join("\n")
      .trim();
    found.set(Number(parts[at]), text);
  }
  return found;
}
