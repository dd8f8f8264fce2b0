/** In charge of what is wished for a server that is registered, beside its address. Pure. */
import type { RegisterInstanceRequest } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import type { NewRegistered } from "../../state/registered-instances.ts";

const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const labelPattern = /^[a-z0-9A-Z][a-z0-9A-Z_./-]{0,62}$/;
const mostLabels = 20;

/** @throws Y8024 */
export function checkSettings(
  input: RegisterInstanceRequest,
): Pick<NewRegistered, "name" | "classes" | "labels" | "capacity"> {
  if (!namePattern.test(input.name) || /^ins-[0-9a-f]+$/.test(input.name) || input.name === "shared")
    throw refused(
      `"${input.name}" cannot be the name of an instance.`,
      "Use 1 to 63 characters: a-z, 0-9, _ and -.",
    );
  const labels = Object.entries(input.labels ?? {});
  if (labels.length > mostLabels) throw refused(`There are more than ${mostLabels} labels.`, "Give fewer.");
  for (const [key, value] of labels)
    if (!labelPattern.test(key) || !labelPattern.test(value))
      throw refused(`"${key}=${value}" cannot be a label.`, "For example: region=eu-west");
  if (input.ca !== undefined && !input.ca.includes("-----BEGIN CERTIFICATE-----"))
    throw refused("The authority's file holds no certificate.", "Give a file of PEM certificates.");
  return {
    name: input.name,
    classes: [...new Set(input.classes ?? [])],
    labels: input.labels ?? {},
    capacity: input.capacity ?? null,
  };
}

const refused = (message: string, hint: string) => posternError("Y8024", message, { hint });
