/** In charge of `postern manifest schema`. */
import { renderManifestSchema } from "../../manifest/render-schema.ts";
import type { CommandRun } from "../command-spec.ts";

export const run: CommandRun = async ({ output }) => {
  const text = renderManifestSchema();
  await output.print(JSON.parse(text), () => text);
  return undefined;
};
