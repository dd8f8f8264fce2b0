/** In charge of control planes, gateways and their tokens, from the caller's side. */
import type { Requests } from "./control-backups.ts";
import type { ControlPlaneInfo, CreatedGatewayToken, GatewayInfo, GatewayTokenInfo } from "./protocol.ts";

const tokens = "/v1/gateway-tokens";

export const gatewayMethods = ({ get, post, remove }: Pick<Requests, "get" | "post" | "remove">) => ({
  /** For administrators, like all of these. */
  listControlPlanes: () => get<ControlPlaneInfo[]>("/v1/control-planes"),
  listGateways: () => get<GatewayInfo[]>("/v1/gateways"),
  listGatewayTokens: () => get<GatewayTokenInfo[]>(tokens),
  createGatewayToken: (name: string) => post<CreatedGatewayToken>(tokens, { name }),
  revokeGatewayToken: (ref: string) => remove<GatewayTokenInfo>(`${tokens}/${encodeURIComponent(ref)}`),
});
