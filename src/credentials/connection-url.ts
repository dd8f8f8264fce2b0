/** In charge of connection URLs as every Postgres client reads them. */
import { bracketed } from "../base/listen.ts";

export interface Login {
  user: string;
  password: string;
  host: string;
  port: number;
  database: string;
  /** The server has a certificate: clients that read this URL encrypt, or fail. */
  isEncrypted: boolean;
}

/** No other parameters: some clients refuse those that others need. */
export function renderConnectionUrl(login: Login): string {
  const host = bracketed(login.host);
  const query = login.isEncrypted ? "?sslmode=require" : "";
  return `postgres://${encodeURIComponent(login.user)}:${encodeURIComponent(login.password)}@${host}:${login.port}/${encodeURIComponent(login.database)}${query}`;
}
