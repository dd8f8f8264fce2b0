/** In charge of the databases that clients are tried on: a shared one and one of its own, each by the pooler and directly. */
import type { CreatedDatabase, DatabaseUrls, Isolation } from "@postern/sdk/protocol";
import { afterAll, beforeAll, describe, inject } from "vitest";

export type Path = "pooled" | "direct";

export interface Target extends DatabaseUrls {
  id: string;
  token: string;
  isolation: Isolation;
  path: Path;
  /** The URL of this path. */
  url: string;
}

const isolations = ["shared", "process"] as const;
const bothPaths = ["pooled", "direct"] as const;

/**
 * Runs the same facts on every kind of database and every path to it, each time on a database that nothing has touched.
 * The target is there once the tests run, not while they are collected.
 */
export function describeEachWay(
  client: string,
  facts: (target: () => Target) => void,
  paths: readonly Path[] = bothPaths,
): void {
  for (const isolation of isolations) {
    for (const path of paths) {
      describe(`${client}, ${isolation} database, ${path} URL`, () => facts(useDatabase(isolation, path)));
    }
  }
}

/** A fresh database for the tests of the block that this is called in. */
export function useDatabase(isolation: Isolation, path: Path): () => Target {
  let target: Target | undefined;
  beforeAll(async () => {
    const { id, token } = await callApi<CreatedDatabase>("POST", "/v1/databases", { isolation });
    const urls = await callApi<DatabaseUrls>("GET", `/v1/databases/${id}/urls`);
    target = { ...urls, id, token, isolation, path, url: urls[path] };
  });
  afterAll(async () => {
    if (target) await callApi("DELETE", `/v1/databases/${target.id}?skip_snapshot=true`);
  });
  return () => target!;
}

async function callApi<Result>(method: string, path: string, body?: object): Promise<Result> {
  const answer = await fetch(`${inject("apiUrl")}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${inject("apiKey")}`,
      ...(body ? { "content-type": "application/json" } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Result;
}
