/** In charge of connection URLs as every Postgres client reads them. */
export interface Login {
  user: string;
  password: string;
  host: string;
  port: number;
  database: string;
}

/** No parameters: some clients refuse those that others need, and none is needed here. */
export function renderConnectionUrl(login: Login): string {
  const host = login.host.includes(":") ? `[${login.host}]` : login.host;
  return `postgres://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@${host}:${login.port}/${encodeURIComponent(login.database)}`;
}
