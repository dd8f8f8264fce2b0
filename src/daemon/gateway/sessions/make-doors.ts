/** In charge of putting together what takes Postgres sessions at a gateway. */
import type { Config } from "../../../base/config.ts";
import type { Observe } from "../../../base/observation.ts";
import type { ServerCertificate } from "../../../http/server-options.ts";
import type { ControlLink } from "../control-link.ts";
import { DirectSessions } from "./open-direct.ts";
import { PooledSessions } from "./open-pooled.ts";
import { SessionDoors } from "./session-doors.ts";

export interface DoorsOptions {
  config: Pick<Config, "listen" | "poolPort" | "directPort" | "insecure">;
  certificate: ServerCertificate | null;
  link: Pick<ControlLink, "endpoints" | "askAt" | "cancel">;
  observe: Observe;
}

/** Each is told to all gateways: whoever sends many does not send many through them. */
const mostCancelsElsewhere = 20;
const perMs = 1_000;

export function makeDoors({ config, certificate, link, observe }: DoorsOptions): SessionDoors {
  const tell = tellOnce(observe);
  const pooled = new PooledSessions(link, tell("pooler"));
  const direct = new DirectSessions(link, tell("direct sessions"));
  const budget = { left: mostCancelsElsewhere, until: 0 };
  return new SessionDoors({
    listen: config.listen,
    ports: { pool: config.poolPort, direct: config.directPort },
    insecure: config.insecure,
    certificate,
    open: { pool: (start) => pooled.open(start), direct: (start) => direct.open(start) },
    cancelElsewhere(digest) {
      const now = performance.now();
      if (now > budget.until) Object.assign(budget, { left: mostCancelsElsewhere, until: now + perMs });
      if (budget.left === 0) return;
      budget.left -= 1;
      link.cancel(digest).catch(() => {});
    },
  });
}

/** What goes on failing is said again after a while, and not for each session. */
const againMs = 30_000;

const tellOnce =
  (observe: Observe) =>
  (service: string): ((detail: string) => void) => {
    const told = new Map<string, number>();
    return (detail) => {
      const now = performance.now();
      if (now - (told.get(detail) ?? Number.NEGATIVE_INFINITY) < againMs) return;
      if (told.size > 100) told.clear();
      told.set(detail, now);
      observe({ type: "service", service, event: "failed", detail });
    };
  };
