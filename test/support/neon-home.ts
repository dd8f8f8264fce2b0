/** In charge of a started Postern with one database, and of the Neon driver being pointed at it. */
import { neonConfig } from "@neondatabase/serverless";
import type { CreatedDatabase, DatabaseUrls } from "@postern/sdk/protocol";
import { WebSocket } from "ws";
import { type AskDaemon, daemonClient } from "./daemon-client.ts";
import { createPosternHome, type PosternHome } from "./postern-home.ts";

export interface NeonHome {
  postern: PosternHome;
  ask: AskDaemon;
  shop: CreatedDatabase;
  urls: DatabaseUrls;
  /** `127.0.0.1:port` of the API. */
  address: string;
}

export async function startNeonHome(): Promise<NeonHome> {
  const postern = await createPosternHome();
  await postern.start();
  const ask = daemonClient(postern);
  const shop: CreatedDatabase = (await ask("POST /v1/databases", { body: { name: "shop" } })).body;
  const urls: DatabaseUrls = (await ask("GET /v1/databases/shop/urls")).body;
  const address = `127.0.0.1:${new URL(postern.apiUrl()).port}`;
  neonConfig.fetchEndpoint = () => `http://${address}/sql`;
  neonConfig.wsProxy = () => `${address}/v2`;
  neonConfig.useSecureWebSocket = false;
  neonConfig.webSocketConstructor = WebSocket as never;
  return { postern, ask, shop, urls, address };
}
