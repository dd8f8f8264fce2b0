/** In charge of `postern deploy`. */

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { inOrder, planPipeline } from "../../manifest/plan-pipeline.ts";
import { refuseUnrunnable } from "../../manifest/refuse-unrunnable.ts";
import { applyManifest, renderApplied } from "../apply-manifest.ts";
import type { CommandRun } from "../command-spec.ts";
import { finishRelease } from "../finish-release.ts";
import { plural } from "../format.ts";
import { packFolder } from "../pack-folder.ts";
import { requireManifest } from "../project-manifest.ts";
import { serviceVariables } from "../service-variables.ts";

export const run: CommandRun = async (context, input) => {
  if (input.flag("list")) return (await import("./release-list.ts")).run(context, input);
  const { output } = context;
  const source = await requireManifest(context.directory, input.text("file"), output);
  const plan = input.flag("plan");
  // Before anything is made: a mistake costs nothing yet.
  const { result: before, manifest } = await applyManifest(context, input, source, { plan: true });
  refuseUnrunnable(manifest);
  const variables = await serviceVariables(manifest, source.directory);
  const stages = planPipeline(manifest, before.environment).map(({ name }) => name);
  const services = inOrder(manifest, "service").map(({ name }) => name);
  const place = `${before.environment} of ${before.project}`;
  if (plan) {
    output.talk(`› Plan for ${place}; nothing was done`);
    await output.print({ ...before, stages, run: services }, () =>
      [
        renderApplied(before),
        `  steps     ${stages.join(" → ")}`,
        `  services  ${services.join(", ") || "none"}`,
      ]
        .filter((line) => line !== "")
        .join("\n"),
    );
    return undefined;
  }
  const { content, files } = await packFolder(source.directory);
  const { result } = await applyManifest(context, input, source);
  const control = await context.account();
  output.talk(`› Deploying ${plural(files, "file")} to ${place}`);
  const upload = await control.uploadFolder(content);
  const started = await control.deploy(result.project_id!, result.environment, {
    upload: upload.id,
    manifest: await readFile(resolve(context.directory, source.file), "utf8"),
    variables,
    ...(input.flag("acceptDataLoss") ? { accept_data_loss: true } : {}),
  });
  return finishRelease(context, control, started, {
    doing: `Release ${started.release.number}`,
    done: ({ release }) => `Release ${release} serves in ${place}`,
  });
};
