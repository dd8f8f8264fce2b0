/** In charge of naming what the HTTP server needs for gateways: who they are, what they ask, and what they are told. */
import type { CreatedGatewayToken, GatewayInfo, GatewayTokenInfo } from "@postern/sdk/protocol";
import type { GatewayPrincipal } from "../../access/gateway-tokens.ts";

export type { GatewayPrincipal };

export interface GatewayService {
  list(): Promise<GatewayInfo[]>;
  listTokens(): Promise<GatewayTokenInfo[]>;
  /** @throws Y8055 */
  createToken(name: string): Promise<CreatedGatewayToken>;
  /** Before it resolves the token opens nothing here any more. @throws Y8054 */
  revokeToken(ref: string): Promise<GatewayTokenInfo>;
  /** @throws Y8050 */
  authenticate(token: string): Promise<GatewayPrincipal>;
  /** What the gateway is told, until it goes. @throws Y8056 */
  connect(gateway: GatewayPrincipal, self: GatewayHello, signal: AbortSignal): AsyncIterable<unknown>;
  /** @throws what the question's answer is, where that is an error */
  ask(what: string, argument: string): Promise<unknown>;
  /** It has done what it was told. */
  done(gateway: GatewayPrincipal, id: string, orders: readonly number[]): void;
  /** Has the gateway that leads the session with this key cancel it: SHA-256 of the key, hex. */
  cancel(digest: string): void;
  report(report: { tokens: string[]; traces: unknown[] }): Promise<void>;
  /** It ends. */
  leave(gateway: GatewayPrincipal, id: string): Promise<void>;
}

export interface GatewayHello {
  id: string;
  name: string;
  version: string;
  address: string;
  protocol: number;
}
