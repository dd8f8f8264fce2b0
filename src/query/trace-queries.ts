/** In charge of noting every request of the data plane: around what answers it, so that no way of answering is left out. */
import { PosternError } from "../base/error.ts";
import type { RequestTrace, TraceRole } from "../insights/request-trace.ts";
import type { TracedStatements, TraceRecorder } from "../insights/trace-recorder.ts";
import type { QueryOptions } from "./query-context.ts";
import type { QueryService, QueryTarget } from "./query-service.ts";

export function traceQueries(query: QueryService, recorder: TraceRecorder): QueryService {
  function begin(target: QueryTarget, options: QueryOptions): RequestTrace | undefined {
    const { requestId } = options;
    if (requestId === undefined) return undefined;
    const trace = recorder.begin(target.databaseId, roleOf(target), requestId);
    // The caller has made the options for this request alone.
    options.trace = trace;
    return trace;
  }
  function end<Answer>(
    trace: RequestTrace | undefined,
    statements: TracedStatements,
    answer: Promise<Answer>,
  ): Promise<Answer> {
    if (trace === undefined) return answer;
    return answer.then(
      (value) => {
        recorder.end(trace, statements);
        return value;
      },
      (error: unknown) => {
        const known = error instanceof PosternError;
        recorder.end(trace, statements, known ? error.code : "Y9001", known ? error.statementIndex : 0);
        throw error;
      },
    );
  }
  return {
    ...query,
    query(target, request, options = {}) {
      const trace = begin(target, options);
      return end(trace, [request], query.query(target, request, options));
    },
    execute(target, request, options = {}) {
      const trace = begin(target, options);
      return end(trace, [request], query.execute(target, request, options));
    },
    stream(target, request, sink, options = {}) {
      const trace = begin(target, options);
      return end(trace, [request], query.stream(target, request, sink, options));
    },
    transaction(target, request, options = {}) {
      const trace = begin(target, options);
      return end(trace, request.statements, query.transaction(target, request, options));
    },
    neon(target, request, options = {}) {
      const trace = begin(target, options);
      return end(trace, request.queries, query.neon(target, request, options));
    },
  };
}

function roleOf(target: QueryTarget): TraceRole {
  if ("claims" in target) return target.claims === null ? "anon" : "authenticated";
  return target.readOnly ? "reader" : "owner";
}
