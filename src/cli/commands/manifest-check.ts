/** In charge of `postern manifest check`. */
import type { CommandRun } from "../command-spec.ts";
import { plural } from "../format.ts";
import { requireManifest } from "../project-manifest.ts";

export const run: CommandRun = async ({ output, directory }, input) => {
  const { file, environments, ignored, forEnvironment } = await requireManifest(
    directory,
    input.args[0] ?? input.text("file"),
    output,
  );
  const services = Object.values(forEnvironment(environments[0] ?? "")?.services ?? {});
  output.success(`${file} is valid: ${plural(services.length, "service")}`);
  const names = services.map(({ name, role }) => ({ name, role }));
  await output.print({ file, services: names, environments, ignored }, () => "");
  return undefined;
};
