/** In charge of telling which deployed services there are, before what they need is destroyed. */
import type { Control } from "@postern/sdk/control";

/** By name; none where nothing is deployed. */
export async function namesOfServices(
  control: Control,
  project: string,
  environment: string,
): Promise<string[]> {
  const services = await control.listServices(project, environment).catch(() => []);
  return services.map(({ service }) => service);
}
