/** In charge of the contract of everything that is started and stopped. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  /** Safe to call twice, and before start. */
  stop(): Promise<void>;
}
