/** In charge of which names projects and environments can have. */
import { posternError } from "../base/error.ts";

const projectPattern = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const environmentPattern = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** @throws Y7007 */
export function checkProjectName(name: string): string {
  if (projectPattern.test(name) && !/^proj_[0-9a-f]{12}$/.test(name)) return name;
  throw posternError("Y7007", `"${name}" cannot be the name of a project.`, {
    detail: "A name has 1 to 40 characters: a-z, 0-9, _ and -, and begins with a letter or digit.",
  });
}

/** @throws Y7007 */
export function checkEnvironmentName(name: string): string {
  if (environmentPattern.test(name)) return name;
  throw posternError("Y7007", `"${name}" cannot be the name of an environment.`, {
    detail: "A name has 1 to 32 characters: a-z, 0-9, _ and -, and begins with a letter or digit.",
  });
}

/** Protected unless somebody says otherwise. */
export const isProtectedByName = (environment: string): boolean =>
  environment === "production" || environment === "prod";

/** `shop-staging`, or with more than one database `shop-staging-db`; at most 63 characters, the end counts. */
export function nameDatabase(
  parts: { project: string; environment: string; service: string; isOnly: boolean },
  attempt: number,
): string {
  const { project, environment, service, isOnly } = parts;
  const words = [
    project,
    environment,
    ...(isOnly ? [] : [service.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "-")]),
  ];
  const end = attempt === 0 ? "" : `-${attempt + 1}`;
  return `${words.join("-").slice(0, 63 - end.length)}${end}`;
}
