/** In charge of naming the programs that run inside the command line's own process, and are no part of it. */

export interface Programs {
  /** Runs until it is told to end. */
  gateway(about: GatewayProgram): Promise<void>;
}

/** A gateway: it runs until it is told to end. */
export interface GatewayProgram {
  control: readonly string[];
  token: string;
  /** What it is called in lists. */
  name: string | undefined;
  /** Authorities to trust; undefined: whom Node trusts. */
  ca: string[] | undefined;
  /** It answers. */
  onReady(about: {
    url: string;
    controlUrl: string;
    workers: number;
    /** Where Postgres sessions come in. */
    ports: { pool: number; direct: number };
  }): void;
  /** It was told to end, and does once what is under way is answered. */
  onStopping(): void;
}
