/** In charge of the contract of everything that is started and stopped. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  /** Safe to call twice, and before start. */
  stop(): Promise<void>;
}

/** Starts in order; when one fails, stops those already started, in reverse, and throws. */
export async function startAll(services: readonly Service[]): Promise<void> {
  const started: Service[] = [];
  try {
    for (const service of services) {
      started.push(service);
      await service.start();
    }
  } catch (error) {
    await stopAll(started).catch(() => {});
    throw error;
  }
}

/** Stops in reverse order, all of them whatever happens; throws the first failure at the end. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const failures: unknown[] = [];
  for (const service of services.toReversed()) {
    await service.stop().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
