/** In charge of giving the HTTP server what it answers gateways with. */
import type { GatewayInfo } from "@postern/sdk/protocol";
import {
  createGatewayToken,
  describeGatewayTokens,
  endGatewayToken,
  GatewayAuthenticator,
} from "../../access/gateway-tokens.ts";
import { posternError } from "../../base/error.ts";
import type { TokenId } from "../../base/id.ts";
import type { CopyOrders } from "../../copies/copy-orders.ts";
import type { GatewayService } from "../../http/services/gateway-services.ts";
import type { TraceBundle } from "../../insights/trace-bundle.ts";
import type { Platform } from "../../instances/platform.ts";
import { forgetGateway, type GatewayRow, listGateways, noteGateway } from "../../state/gateways.ts";
import { noteTokenUse } from "../../state/tokens.ts";
import type { GatewayHub } from "./gateway-hub.ts";
import { type GatewayQuestions, gatewayProtocol } from "./gateway-messages.ts";

export interface GatewayServicesOptions {
  hub: GatewayHub;
  questions: GatewayQuestions;
  version: string;
  /** Statements that a gateway has run. */
  noteStatements(bundle: TraceBundle): void;
  /** Other control planes, which tell their gateways. */
  orders: CopyOrders | undefined;
}

/** Writing it down each time would be a row changed in every second for each of many. */
const noteEveryMs = 3_000;
const lostAfterMs = 10_000;

export function gatewayServices(platform: Platform, options: GatewayServicesOptions): GatewayService {
  const { config, state } = platform;
  const { hub, questions, version, noteStatements, orders } = options;
  orders?.obey({ cancelSession: (digest: string) => hub.cancel(digest) });
  const authenticator = new GatewayAuthenticator(platform);
  return {
    list: async () => (await listGateways(state)).map(describeGateway),
    listTokens: () => describeGatewayTokens(platform),
    createToken: (name) => createGatewayToken(platform, name),
    async revokeToken(ref) {
      const revoked = await endGatewayToken(platform, ref);
      authenticator.forget();
      hub.endToken(revoked.id);
      return revoked;
    },
    authenticate: (token) => authenticator.authenticate(token),
    connect({ tokenId }, self, signal) {
      if (self.protocol !== gatewayProtocol) throw otherProtocol(version, self.version);
      const { id, name, version: its, address } = self;
      const note = { id, token_id: tokenId, name, version: its, address };
      let notedAt = Number.NEGATIVE_INFINITY;
      const onStillHere = async () => {
        if (performance.now() - notedAt < noteEveryMs) return;
        notedAt = performance.now();
        await noteGateway(state, note);
      };
      const rules = { version, domain: config.domain, origins: config.origins };
      const leaving = AbortSignal.any([signal, platform.stopping]);
      return hub.connect({ id, tokenId }, rules, leaving, onStillHere);
    },
    async ask(what, argument) {
      if (!Object.hasOwn(questions, what))
        throw posternError("Y1001", `Gateways cannot ask for ${JSON.stringify(what)}.`);
      return questions[what as keyof GatewayQuestions](argument as never);
    },
    done: ({ tokenId }, id, done) => hub.done({ id, tokenId }, done),
    cancel(digest) {
      hub.cancel(digest);
      orders?.say("cancelSession", digest);
    },
    async report({ tokens, traces }) {
      for (const bundle of traces) noteStatements(bundle as TraceBundle);
      await Promise.all(tokens.map((token) => noteTokenUse(state, token as TokenId)));
    },
    async leave({ tokenId }, id) {
      hub.leave({ id, tokenId });
      await forgetGateway(state, id, tokenId);
    },
  };
}

const describeGateway = (row: GatewayRow): GatewayInfo => ({
  id: row.id,
  name: row.name,
  status: row.silent_ms < lostAfterMs ? "connected" : "lost",
  version: row.version,
  address: row.address,
  token: row.token_name,
  started_at: row.started_at.toISOString(),
  last_seen_at: row.last_seen_at.toISOString(),
});

const otherProtocol = (own: string, its: string) =>
  posternError("Y8056", "This gateway and this control plane cannot talk to each other.", {
    detail: `The control plane is Postern ${own}, the gateway ${its}.`,
    hint: "Run the same version of Postern at both.",
  });
