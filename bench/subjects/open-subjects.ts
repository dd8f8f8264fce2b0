/** In charge of the subjects of a comparison: who they are, and opening those that are asked for. */
import { openFastify, openNaive } from "./made-servers.ts";
import { openPg } from "./pg.ts";
import { openPgbench } from "./pgbench.ts";
import { openPostern } from "./postern.ts";
import { openPosternClient } from "./postern-client.ts";
import { openPostgraphile } from "./postgraphile.ts";
import type { Ground, OpenSubject, Subject } from "./subject.ts";

const openers: Record<string, OpenSubject> = {
  naive: openNaive,
  postern: openPostern,
  client: openPosternClient,
  fastify: openFastify,
  postgraphile: openPostgraphile,
  pg: openPg,
  pgbench: openPgbench,
};

/** In the order in which they take their turns. */
export const subjectNames = Object.keys(openers);

export async function openSubjects(names: readonly string[], ground: Ground): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const name of subjectNames) {
    if (names.includes(name)) subjects.push(await openers[name]!(ground));
  }
  return subjects;
}
