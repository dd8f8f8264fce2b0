/** In charge of the shape of every error that travels. */
/** Body of every error. `code` is a SQLSTATE for Postgres's errors, `Y…` for Postern's own. */
export interface ErrorBody {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
  /** 1-based character offset into the SQL text. */
  position?: number;
  /** 0-based, for `/transaction`. */
  statement_index?: number;
  request_id?: string;
}
