/** In charge of the one error type that callers of Postern see. */
import type { ErrorBody } from "./protocol.ts";

export interface PosternErrorInit {
  detail?: string | undefined;
  hint?: string | undefined;
  position?: number | undefined;
  statementIndex?: number | undefined;
  requestId?: string | undefined;
  /** HTTP status, where the error came over HTTP. */
  status?: number | undefined;
  cause?: unknown;
}

/**
 * What went wrong (`message`), why (`detail`), how to mend it (`hint`), and a stable `code`: a SQLSTATE when
 * Postgres refused, `Y…` when Postern did.
 */
export class PosternError extends Error {
  readonly code: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  readonly position: number | undefined;
  readonly statementIndex: number | undefined;
  readonly status: number | undefined;
  requestId: string | undefined;

  constructor(code: string, message: string, init: PosternErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "PosternError";
    this.code = code;
    this.detail = init.detail;
    this.hint = init.hint;
    this.position = init.position;
    this.statementIndex = init.statementIndex;
    this.status = init.status;
    this.requestId = init.requestId;
  }

  /** The wire form; absent fields are left out. */
  toBody(): ErrorBody {
    const body: ErrorBody = { code: this.code, message: this.message };
    if (this.detail !== undefined) body.detail = this.detail;
    if (this.hint !== undefined) body.hint = this.hint;
    if (this.position !== undefined) body.position = this.position;
    if (this.statementIndex !== undefined) body.statement_index = this.statementIndex;
    if (this.requestId !== undefined) body.request_id = this.requestId;
    return body;
  }

  static fromBody(body: ErrorBody, status?: number): PosternError {
    return new PosternError(body.code, body.message, {
      detail: body.detail,
      hint: body.hint,
      position: body.position,
      statementIndex: body.statement_index,
      requestId: body.request_id,
      status,
    });
  }
}
