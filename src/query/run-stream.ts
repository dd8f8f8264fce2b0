/** In charge of `/query` as a stream: one statement on a session of its own, its rows sent as they come. */
import type { QueryRequest } from "@postern/sdk/protocol";
import type { AnswerSink } from "./answer-sink.ts";
import { checkStatement } from "./check-request.ts";
import type { ClientCall } from "./client/run-client.ts";
import { runClientBatch } from "./client/run-client.ts";
import { learnTypes } from "./learn-types.ts";
import type { QueryContext, QueryOptions } from "./query-context.ts";
import { runOwnerBatch } from "./run-owner-batch.ts";
import { StreamStep } from "./stream-step.ts";

/** Resolves when all lines are in the sink. @throws PosternError; what was written by then stands */
export async function runStream(
  context: QueryContext,
  request: QueryRequest,
  sink: AnswerSink,
  options: QueryOptions,
): Promise<void> {
  checkStatement(request);
  const step = streamStep(context, context.limits.statementTimeoutMs, sink, options);
  const batch = { statements: [request], steps: [step], stream: step };
  await following(step, () => runOwnerBatch(context.streams, batch, options));
}

/** As one of the database's clients. */
export async function runClientStream(
  call: ClientCall,
  request: QueryRequest,
  sink: AnswerSink,
  options: QueryOptions,
): Promise<void> {
  checkStatement(request);
  const step = streamStep(call.owner, call.limits.statementTimeoutMs, sink, options);
  const batch = { statements: [request], steps: [step], begin: "begin", isSingle: true, stream: step };
  await following(step, () => runClientBatch(call.clients, call.claims, batch, options));
}

async function following(step: StreamStep, run: () => Promise<void>): Promise<void> {
  try {
    await run();
    await step.finish();
  } finally {
    step.end();
  }
}

function streamStep(
  owner: QueryContext,
  silenceMs: number,
  sink: AnswerSink,
  { rowsAsArrays = false, signal }: QueryOptions,
): StreamStep {
  const { shapes, streams } = owner;
  shapes.refresh(Date.now());
  return new StreamStep({
    shapes,
    rowsAsArrays,
    sink,
    silenceMs,
    stallMs: streams.stallMs,
    learn: (heldDescription) => learnTypes(owner, [{ heldDescription }], signal),
  });
}
