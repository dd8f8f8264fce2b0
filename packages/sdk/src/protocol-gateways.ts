/** In charge of the shapes of gateways: processes on other hosts that answer SQL over HTTP. */

/** A token that lets gateways in; the token itself is shown once, when it is made. */
export interface GatewayTokenInfo {
  /** `gtk-` and 12 hexadecimal digits. */
  id: string;
  name: string;
  created_at: string;
  /** To the minute; null: never. */
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface CreatedGatewayToken extends GatewayTokenInfo {
  /** `gw_` and 64 hexadecimal digits. */
  token: string;
}

export interface GatewayInfo {
  /** `gtw-` and 12 hexadecimal digits, new with each start. */
  id: string;
  name: string;
  /** `lost`: nothing was heard of it for some seconds. */
  status: "connected" | "lost";
  version: string;
  /** Where it takes requests, as it says. */
  address: string;
  /** Name of the token that let it in. */
  token: string;
  started_at: string;
  last_seen_at: string;
}
