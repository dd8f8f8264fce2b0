/** In charge of learning the types of results that came before the catalog knew them. */
import type { DepartureSignal } from "../base/departure.ts";
import { parseRowDescription } from "../postgres/wire/row-description.ts";
import type { ResultStep } from "./result-step.ts";
import { type BatchContext, runBatch } from "./run-batch.ts";
import { typeQuery } from "./type-catalog.ts";
import { TypeStep } from "./type-step.ts";

export async function learnTypes(
  context: BatchContext,
  results: readonly Pick<ResultStep, "heldDescription">[],
  signal?: DepartureSignal,
): Promise<void> {
  const { catalog } = context;
  const oids = results
    .flatMap(({ heldDescription }) => (heldDescription ? parseRowDescription(heldDescription, 0) : []))
    .map((column) => column.typeOid)
    .filter((oid) => !catalog.find(oid));
  if (oids.length === 0) return;
  const step = new TypeStep();
  await runBatch(
    context,
    { statements: [{ sql: typeQuery, params: [`{${oids.join(",")}}`] }], steps: [step] },
    signal,
  );
  catalog.learn(oids, (await step.answer) ?? [], Date.now());
}
