/** In charge of the names that a running Postern knows, for completion: none of them where it does not answer in time. */
import type { Control } from "@postern/sdk/control";
import type { Candidate, LookUpNames, NameKind } from "./complete-words.ts";
import { openControl } from "./open-control.ts";
import { findProject } from "./project-file.ts";
import { findProjectReference } from "./project-reference.ts";
import { printable } from "./table.ts";
import { resolveApiAccess } from "./user-config.ts";

export function lookUpNames(directory: string, patienceMs: number): LookUpNames {
  return async (kind, options) => {
    const nothing = new Promise<Candidate[]>((resolve) => setTimeout(resolve, patienceMs, []).unref());
    return Promise.race([ask(kind, options, directory).catch(() => []), nothing]);
  };
}

async function ask(
  kind: NameKind,
  options: ReadonlyMap<string, string>,
  directory: string,
): Promise<Candidate[]> {
  const { url, apiKey } = await resolveApiAccess();
  if (apiKey === undefined) return [];
  const names = await namesOf(kind, await openControl({ url, apiKey }), options, directory);
  return names.map(({ word, meaning }) => ({
    word,
    meaning: printable(meaning).replaceAll(/\s+/g, " "),
  }));
}

async function namesOf(
  kind: NameKind,
  control: Control,
  options: ReadonlyMap<string, string>,
  directory: string,
): Promise<Candidate[]> {
  switch (kind) {
    case "databases":
      return (await control.listDatabases()).map(named);
    case "branches":
      return (await control.listDatabases()).filter(({ parent_id }) => parent_id !== null).map(named);
    case "projects":
      return (await control.listProjects()).map(({ id, name }) => ({ word: name, meaning: id }));
    case "environments": {
      const reference = options.get("--project") ?? (await findProjectReference(directory))?.project_id;
      const projects = reference ? [await control.getProject(reference)] : await control.listProjects();
      return [...new Set(projects.flatMap(({ environments }) => environments))].map((word) => ({
        word,
        meaning: "environment",
      }));
    }
    case "backups":
      return (await control.listBackups(await database(options, directory))).map(
        ({ id, kind, status, created_at }) => ({ word: id, meaning: `${kind} ${status} ${created_at}` }),
      );
    case "tokens":
      return (await control.listTokens(await database(options, directory))).map(({ id, label }) => ({
        word: id,
        meaning: label,
      }));
    case "operations":
      return (await control.listOperations({ limit: 30 })).map(({ id, kind, status }) => ({
        word: id,
        meaning: `${kind} ${status}`,
      }));
    case "services":
      return ["daemon", ...(await control.status()).services.map(({ name }) => name)].map((word) => ({
        word,
        meaning: "",
      }));
  }
}

const named = ({ id, name, status }: { id: string; name: string; status: string }): Candidate => ({
  word: name,
  meaning: `${id} ${status}`,
});

/** The one that the line names, else the linked one. */
async function database(options: ReadonlyMap<string, string>, directory: string): Promise<string> {
  const given = options.get("--database") ?? options.get("--db-id") ?? process.env.POSTERN_DB;
  const ref = given ?? (await findProject(directory))?.link.database_id;
  if (ref === undefined) throw new Error("no database is named");
  return ref;
}
