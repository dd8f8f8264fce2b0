/**
 * In charge of naming what every operation works with. The daemon composes one `Platform` at its start; operations take
 * it as their first argument and hold nothing themselves.
 */
import type { Clock } from "../base/clock.ts";
import type { Config } from "../base/config.ts";
import type { KeyedLock } from "../base/keyed-lock.ts";
import type { Observe } from "../base/observation.ts";
import type { Certificate } from "../base/read-certificate.ts";
import type { Secrets } from "../base/secrets.ts";
import type { Gate } from "../runtime/gate/gate.ts";
import type { Pooler } from "../runtime/pgbouncer.ts";
import type { PostgresMajors } from "../runtime/postgres-majors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { SandboxState } from "../runtime/sandbox/open-sandbox.ts";
import type { ServerAccount } from "../runtime/server-account.ts";
import type { Toolchain } from "../runtime/toolchain.ts";
import type { WarmPool } from "../runtime/warm-pool.ts";
import type { State } from "../state/state.ts";
import type { OperationEvents } from "./operation-events.ts";
import type { ServerAddress } from "./server-address.ts";
import type { ServerSupervisor } from "./server-supervisor.ts";

/** What is served now; a renewal replaces it. */
export interface CertificateHolder {
  current: Certificate;
}

export interface Platform {
  config: Config;
  /** What the servers listen on in fact: a configured port 0 is a real one here. */
  ports: { http: number; pool: number; direct: number };
  address: ServerAddress;
  /** Null without TLS. */
  certificate: CertificateHolder | null;
  clock: Clock;
  observe: Observe;
  state: State;
  toolchain: Toolchain;
  majors: PostgresMajors;
  account: ServerAccount;
  /** What keeps servers from each other. */
  sandbox: SandboxState;
  runtime: Runtime;
  supervisor: ServerSupervisor;
  warmPool: WarmPool;
  pooler: Pooler;
  gate: Gate;
  /** One at a time does something with an instance as a whole: its sleep, its end. */
  instanceLock: KeyedLock;
  secrets: Secrets;
  operationEvents: OperationEvents;
  /** The control plane that runs operations, where several share their tables. */
  runner?: string;
  /** Fires when the daemon stops: long work ends at its next step and is taken up again at the next start. */
  stopping: AbortSignal;
}
