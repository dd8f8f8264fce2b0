/** In charge of what `/v2` says to plain HTTP; an upgrade to WebSocket never becomes a request of the framework. */
import { posternError } from "../../base/error.ts";
import type { HttpApp } from "../http-app.ts";

export function tunnelRoutes(app: HttpApp): void {
  for (const url of ["/v2", "/v1/db/:id/v2"]) {
    app.get(url, { schema: { hide: true } }, (_request, reply) => {
      reply.header("upgrade", "websocket");
      throw posternError("Y1020", "Postgres over WebSocket is spoken here, and nothing else.", {
        hint: "Connect with a WebSocket client, for example the Neon serverless driver.",
      });
    });
  }
}
