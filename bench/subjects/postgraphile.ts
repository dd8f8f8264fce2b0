/** In charge of PostGraphile as a subject: a field of its GraphQL for each workload that it has one for. */
import pg from "pg";
import type { Workload } from "../workloads.ts";
import { type HttpRequests, httpSubject, startServer } from "./http-subject.ts";
import { installPeers } from "./install-peers.ts";
import type { OpenSubject } from "./subject.ts";

/** Computed columns, the way PostGraphile has them. */
const computedColumns = `
  create function item_twice(item item) returns int language sql immutable as 'select item.id * 2';
  create function item_even(item item) returns boolean language sql immutable as 'select item.id % 2 = 0'`;

interface Operation {
  query: string;
  variables?: (params: unknown[]) => Record<string, unknown>;
}

/** "transaction" is not among them: no field adds to what a column holds. */
const operations: Record<string, Operation> = {
  "point read": {
    query: "query($id: Int!) { itemById(id: $id) { id name price at } }",
    variables: ([id]) => ({ id }),
  },
  "1,000 rows": {
    query: "{ allItems(first: 1000, orderBy: ID_ASC) { nodes { id name price at twice even } } }",
  },
  insert: {
    query: "mutation($note: String!) { createEvent(input: { event: { note: $note } }) { clientMutationId } }",
    variables: ([note]) => ({ note }),
  },
};

export const openPostgraphile: OpenSubject = async (ground) => {
  await installPeers();
  const client = new pg.Client(ground.pool);
  await client.connect();
  await client.query(computedColumns);
  await client.end();
  return httpSubject("postgraphile", {
    ...(await startServer("postgraphile-server", ground)),
    requestsOf,
  });
};

function requestsOf({ name, requests }: Workload): HttpRequests | undefined {
  const operation = operations[name];
  if (!operation) return undefined;
  const { query, variables } = operation;
  const bodies = requests.map(([statement]) =>
    JSON.stringify({ query, variables: variables?.(statement!.params ?? []) }),
  );
  return { path: "/graphql", headers: {}, bodies };
}
