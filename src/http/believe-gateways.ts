/**
 * In charge of requests that a gateway has forwarded: it says whom they are from, and is believed by its token. A request
 * without one is whoever's connection it came by.
 */
import type { HttpApp } from "./http-app.ts";
import { forwardedFor, gatewayHeader, gatewayPeerHeader } from "./peer-address.ts";
import type { GatewayService } from "./services/gateway-services.ts";

export function believeGateways(app: HttpApp, gateways: Pick<GatewayService, "authenticate">): void {
  app.addHook("onRequest", async ({ raw }) => {
    const token = raw.headers[gatewayHeader];
    if (token === undefined) return;
    await gateways.authenticate(String(token));
    forwardedFor(raw, String(raw.headers[gatewayPeerHeader] ?? ""));
  });
}
