/** In charge of running statements on shared sessions where that is safe, and of saying when it is not. */
import type { JsonValue, QueryRequest } from "@postern/sdk/protocol";
import type { DepartureSignal } from "../../base/departure.ts";
import type { Step } from "../batch-exchange.ts";
import { needsType } from "../encode-params.ts";
import { queryError } from "../query-error.ts";
import type { TypeCatalog } from "../type-catalog.ts";
import type { SharedPool } from "./shared-pool.ts";
import type { Company, SharedRequest, SharedStatement, WritePrelude } from "./shared-request.ts";
import type { StatementBook } from "./statement-book.ts";

export interface SharedContext {
  book: StatementBook;
  shared: SharedPool;
  catalog: TypeCatalog;
  limits: { statementTimeoutMs: number };
}

/**
 * The statements as the shared sessions take them; undefined when one of them must not share, or cannot yet. Of a
 * read-only token's those are taken that are proven to read and do nothing else.
 */
export function shareable(
  { book, catalog }: SharedContext,
  statements: readonly QueryRequest[],
  readOnly = false,
): SharedStatement[] | undefined {
  const now = performance.now();
  const found: SharedStatement[] = [];
  let isComplete = true;
  for (const { sql, params = noParams } of statements) {
    const entry = book.findShared(sql, now);
    // The others are looked up all the same: the book learns of a statement by being asked for it.
    const mayRun = entry && (!readOnly || entry.kind === "read");
    if (mayRun && areTypesKnown(params, entry.parameterTypes, catalog)) found.push({ entry, params });
    else isComplete = false;
  }
  return isComplete ? found : undefined;
}

const noParams: readonly JsonValue[] = [];

/** The text of some values depends on the type that Postgres infers; it is known once the statement was prepared. */
function areTypesKnown(
  params: readonly JsonValue[],
  types: readonly number[] | undefined,
  catalog: TypeCatalog,
): boolean {
  for (let index = 0; index < params.length; index++) {
    if (needsType(params[index]!) && !(types && catalog.find(types[index] ?? 0))) return false;
  }
  return true;
}

/** Strangers' writes do not share a transaction: one that fails or waits would reach the others. */
function companyOf(statements: readonly SharedStatement[], isolates: boolean): Company {
  if (statements.every(({ entry }) => entry.kind === "read")) return "reads";
  if (isolates || statements.some(({ entry }) => entry.kind === "write")) return "nobody";
  return statements.length === 1 && statements[0]!.entry.kind === "insert" ? "inserts" : "changes";
}

export interface RunOptions {
  isTransaction: boolean;
  signal: DepartureSignal | undefined;
  /** Called before the request is sent, each time. */
  onSend?(): void;
  prelude?: WritePrelude;
  onPreludeFailed?(): void;
  onNotice?: SharedRequest["onNotice"];
}

/** Resolves with the steps that heard the answers. @throws PosternError */
export function runShared<S extends Step>(
  { shared, limits }: Pick<SharedContext, "shared" | "limits">,
  statements: readonly SharedStatement[],
  makeStep: () => S,
  options: RunOptions,
): Promise<S[]> {
  return new Promise((resolve, reject) => {
    let steps: S[] = [];
    const request: SharedRequest = {
      statements,
      company: companyOf(statements, shared.isolates),
      prelude: options.prelude,
      onPreludeFailed: options.onPreludeFailed,
      onNotice: options.onNotice,
      makeSteps: () => {
        options.onSend?.();
        steps = statements.map(makeStep);
        return steps;
      },
      onDone: (error: Error | undefined, failedIndex?: number) => {
        if (error === undefined) return resolve(steps);
        // Behind the last statement it is the commit that failed.
        const isOne = options.isTransaction && failedIndex !== undefined && failedIndex < statements.length;
        reject(queryError(error, limits.statementTimeoutMs, isOne ? failedIndex : undefined));
      },
    };
    shared.submit(request, options.signal);
  });
}
