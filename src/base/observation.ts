/** In charge of what Postern tells about itself: one typed event, to which log and metrics subscribe. */
export type Observation =
  | {
      type: "service";
      service: string;
      event:
        | "starting"
        | "ready"
        | "adopted"
        | "stopped"
        | "died"
        | "failed"
        | "moved"
        | "leads"
        | "gone"
        | "lost";
      pid?: number;
      detail?: string;
    }
  | {
      type: "request";
      requestId: string;
      method: string;
      route: string;
      status: number;
      durationMs: number;
      databaseId?: string;
      code?: string;
    }
  | {
      type: "operation";
      operationId: string;
      kind: string;
      event: "started" | "step" | "completed" | "failed" | "retried";
      step?: string;
      code?: string;
      detail?: string;
      durationMs?: number;
    }
  | { type: "maintenance"; task: string; event: "done" | "failed"; detail?: string }
  | {
      type: "user_token";
      /** Why a token was refused is for the operator only; whoever sent it is told nothing. */
      event: "refused" | "issuer_failed";
      issuer: string;
      detail: string;
    }
  | { type: "fault"; where: string; error: unknown };

export type Observe = (observation: Observation) => void;
