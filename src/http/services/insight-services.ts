/** In charge of naming what the HTTP server needs to tell what databases are asked. */
import type {
  LiveView,
  NPlusOneInfo,
  RequestTrace,
  StatementDetails,
  StatementInfo,
} from "@postern/sdk/protocol";
import type { AccountPrincipal, Principal } from "../../access/principal.ts";

export interface InsightService {
  listStatements(
    principal: Principal,
    input: {
      ref: string;
      since_minutes: number;
      order: "total" | "calls" | "mean" | "slow";
      limit: number;
    },
  ): Promise<StatementInfo[]>;
  describeStatement(
    principal: Principal,
    input: { ref: string; fingerprint: string; since_minutes: number },
  ): Promise<StatementDetails>;
  listTraces(principal: Principal, input: { ref: string; limit: number }): Promise<RequestTrace[]>;
  findTrace(principal: Principal, input: { ref: string; request_id: string }): Promise<RequestTrace>;
  /** Of all databases that the caller may see. */
  live(principal: AccountPrincipal): Promise<LiveView>;
  listNPlusOne(principal: Principal, input: { ref: string }): Promise<NPlusOneInfo[]>;
}
