/** In charge of the schemas of gateways. */
import type { CreatedGatewayToken, GatewayInfo, GatewayTokenInfo } from "@postern/sdk/protocol";
import { z } from "zod";
import { timestamp } from "./respond.ts";

const tokenFields = {
  id: z.string().describe("`gtk-` and 12 hex digits."),
  name: z.string(),
  created_at: timestamp,
  last_used_at: timestamp.nullable().describe("To the minute; null: never."),
  revoked_at: timestamp.nullable(),
};

export const gatewayToken = z
  .object(tokenFields)
  .meta({ id: "GatewayToken" }) satisfies z.ZodType<GatewayTokenInfo>;

export const createdGatewayToken = z
  .object({ ...tokenFields, token: z.string().describe("`gw_` and 64 hex digits; shown only now.") })
  .meta({ id: "CreatedGatewayToken" }) satisfies z.ZodType<CreatedGatewayToken>;

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i, "must be 1 to 63 letters, digits, dots and dashes");

export const createGatewayTokenRequest = z.strictObject({ name });

export const gatewayInfo = z
  .object({
    id: z.string().describe("`gtw-` and 12 hex digits, new with each start."),
    name: z.string(),
    status: z.enum(["connected", "lost"]).describe("`lost`: nothing was heard of it for some seconds."),
    version: z.string(),
    address: z.string().describe("Where it takes requests, as it says."),
    token: z.string().describe("Name of the token that let it in."),
    started_at: timestamp,
    last_seen_at: timestamp,
  })
  .meta({ id: "Gateway" }) satisfies z.ZodType<GatewayInfo>;

const id = z.string().regex(/^gtw-[0-9a-f]{12}$/, "must be a gateway's id");

export const gatewayHello = z.object({
  id,
  name,
  version: z.string().max(40),
  address: z.string().max(200),
  protocol: z.coerce.number().int(),
});

export const gatewayQuestion = z.strictObject({ what: z.string().max(40), argument: z.string().max(200) });
export const gatewayDone = z.strictObject({ id, orders: z.array(z.int()).max(10_000) });
export const gatewayReport = z.strictObject({
  tokens: z.array(z.string().regex(/^tok-[0-9a-f]{12}$/)).max(10_000),
  traces: z.array(z.looseObject({ counts: z.array(z.unknown()), spans: z.array(z.unknown()) })).max(100),
});
export const gatewayCancel = z.strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/) });
export const gatewayLeave = z.strictObject({ id });
