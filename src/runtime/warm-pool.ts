/** In charge of data directories that are prepared ahead, so that a new server starts from a rename. */
export interface WarmPool {
  /** Moves a prepared directory to `dataDirectory`, or makes one there when none is ready. */
  claim(dataDirectory: string): Promise<void>;
  /** Fills up in the background; called after a claim. */
  refill(): Promise<void>;
}
