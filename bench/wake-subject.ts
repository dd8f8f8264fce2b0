/** In charge of a database with a server of its own for measurements: the ways to it, sending it to sleep, asking it. */
import pg from "pg";
import type { TemporaryPostern } from "./temporary-postern.ts";

export interface WakeSubject {
  id: string;
  token: string;
  pooled: string;
  direct: string;
}

export type Way = "http" | "pooled" | "direct";
export const ways: readonly Way[] = ["http", "pooled", "direct"];

export async function createSubject(
  postern: TemporaryPostern,
  wishes: object = { class: "db.p2" },
): Promise<WakeSubject> {
  const { id, token } = await postern.api<WakeSubject>("POST", "/v1/databases", wishes);
  const urls = await postern.api<WakeSubject>("GET", `/v1/databases/${id}/urls`);
  return { id, token, pooled: urls.pooled, direct: urls.direct };
}

export const pause = (postern: TemporaryPostern, { id }: WakeSubject) =>
  postern.api<{ status: string }>("POST", `/v1/databases/${id}/pause`);

/** One statement by a client that comes for it and goes. */
export async function ask(
  postern: TemporaryPostern,
  subject: WakeSubject,
  way: Way,
  sql = "select 1",
): Promise<void> {
  if (way === "http") {
    const answer = await fetch(`${postern.apiUrl}/v1/db/${subject.id}/query`, {
      method: "POST",
      headers: { authorization: `Bearer ${subject.token}`, "content-type": "application/json" },
      body: JSON.stringify({ sql }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return;
  }
  const client = new pg.Client({ connectionString: subject[way] });
  client.on("error", () => {});
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
