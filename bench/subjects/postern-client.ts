/**
 * In charge of Postern in client mode as a subject: users with JWTs of an issuer, who may read under a policy. What they
 * cost beside the owner's token is the price of identity, role, gate and reset.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import pg from "pg";
import { httpSubject, plainRequests } from "./http-subject.ts";
import type { Ground, OpenSubject } from "./subject.ts";

/** So many that no user ever has as many requests under way as one may. */
const users = 500;

export const openPosternClient: OpenSubject = async (ground) => {
  const { postern, database, pool } = ground;
  const { url, tokens } = await startIssuer(ground);
  await postern.api("PUT", `/v1/databases/${database.id}/client-access`, { issuer: url });
  const owner = new pg.Client(pool);
  await owner.connect();
  await owner.query(`
    grant select on item to authenticated;
    alter table item enable row level security;
    create policy readers on item for select to authenticated using ((select auth.uid()) is not null)`);
  await owner.end();
  const { pid } = JSON.parse(await readFile(join(postern.home, "daemon.json"), "utf8")) as { pid: number };
  return httpSubject("client", {
    port: Number(new URL(postern.apiUrl).port),
    pid,
    requestsOf(workload) {
      // Users here may read and not write.
      if (workload.route !== "/query") return undefined;
      const { path, bodies } = plainRequests(workload);
      return { path: `/v1/db/${database.id}${path}`, headers: {}, tokens, bodies };
    },
  });
};

async function startIssuer({ onClose }: Ground): Promise<{ url: string; tokens: string[] }> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const key = { ...(await exportJWK(publicKey)), kid: "bench", alg: "ES256", use: "sig" };
  const server = createServer((request, response) => {
    const isKeys = request.url === "/keys";
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(isKeys ? { keys: [key] } : { issuer: url, jwks_uri: `${url}/keys` }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onClose(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (subject: string) =>
    new SignJWT()
      .setProtectedHeader({ alg: "ES256", kid: "bench" })
      .setIssuer(url)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime("3h")
      .sign(privateKey);
  return {
    url,
    tokens: await Promise.all(Array.from({ length: users }, (_, index) => sign(`user-${index}`))),
  };
}
