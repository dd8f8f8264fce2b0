/**
 * In charge of requests that a gateway has forwarded: it says whom they are from, and where its own ports are, and is believed by
 * its token. A request without one is whoever's connection it came by.
 */
import type { FastifyRequest } from "fastify";
import { comeIn, type WayIn } from "../base/way-in.ts";
import type { HttpApp } from "./http-app.ts";
import {
  forwardedFor,
  gatewayDoorsHeader,
  gatewayHeader,
  gatewayPeerHeader,
  peerOf,
} from "./peer-address.ts";
import type { GatewayService } from "./services/gateway-services.ts";

export function believeGateways(app: HttpApp, gateways: Pick<GatewayService, "authenticate">): void {
  const ways = new WeakMap<FastifyRequest, WayIn>();
  app.addHook("onRequest", async (request) => {
    const { raw } = request;
    const token = raw.headers[gatewayHeader];
    if (token === undefined) return;
    await gateways.authenticate(String(token));
    forwardedFor(raw, String(raw.headers[gatewayPeerHeader] ?? ""));
    const { isEncrypted } = peerOf(raw);
    const way = readWay(raw.headers.host ?? "", String(raw.headers[gatewayDoorsHeader] ?? ""), isEncrypted);
    if (way) ways.set(request, way);
  });
  // Not before: what reads the body in between does not take along what the request came with.
  app.addHook("preHandler", (request, _reply, done) => {
    const way = ways.get(request);
    if (way) comeIn(way, done);
    else done();
  });
}

/** Undefined: the gateway takes no sessions. */
export function readWay(host: string, doors: string, isHttps: boolean): WayIn | undefined {
  const [, pool, direct, tls] = /^(\d{1,5});(\d{1,5})(;tls)?$/.exec(doors) ?? [];
  const [, name, port] = /^(.+?)(?::(\d{1,5}))?$/.exec(host) ?? [];
  if (pool === undefined || name === undefined) return undefined;
  const http = port === undefined ? (isHttps ? 443 : 80) : Number(port);
  return {
    host: name.replace(/^\[|\]$/g, ""),
    ports: { http, pool: Number(pool), direct: Number(direct) },
    isHttps,
    isEncrypted: tls !== undefined,
  };
}
