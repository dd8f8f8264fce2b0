/** In charge of Postern itself as a subject: the whole daemon, with the database's token. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { httpSubject, plainRequests } from "./http-subject.ts";
import type { OpenSubject } from "./subject.ts";

export const openPostern: OpenSubject = async ({ postern: { home, apiUrl }, database: { id, token } }) => {
  const { pid } = JSON.parse(await readFile(join(home, "daemon.json"), "utf8")) as { pid: number };
  return httpSubject("postern", {
    port: Number(new URL(apiUrl).port),
    pid,
    requestsOf(workload) {
      const { path, bodies } = plainRequests(workload);
      return { path: `/v1/db/${id}${path}`, headers: { authorization: `Bearer ${token}` }, bodies };
    },
  });
};
