/** In charge of the addresses of what the control plane has. */
export const databasePath = (ref: string) => `/v1/databases/${encodeURIComponent(ref)}`;
export const tokensPath = (ref: string) => `${databasePath(ref)}/tokens`;
export const clientAccessPath = (ref: string) => `${databasePath(ref)}/client-access`;
export const projectPath = (ref: string) => `/v1/projects/${encodeURIComponent(ref)}`;
export const environmentPath = (project: string, name: string) =>
  `${projectPath(project)}/envs/${encodeURIComponent(name)}`;
export const operationPath = (id: string) => `/v1/operations/${encodeURIComponent(id)}`;

/** `?a=1&b=true` of what is not undefined. */
export function queryString(input: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  if (given.length === 0) return "";
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}
