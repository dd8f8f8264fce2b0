/** In charge of an HTTP server on in-memory services, with what it observed. */
import type { Observation } from "../../src/base/observation.ts";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "../../src/http/server.ts";
import { type InMemoryServices, inMemoryServices } from "./in-memory-services.ts";

export interface HttpFixture {
  server: HttpServer;
  services: InMemoryServices;
  observations: Observation[];
  /** Resolves with the next observation that fits, those already made included. */
  observed<Type extends Observation["type"]>(
    type: Type,
    fits?: (observation: Extract<Observation, { type: Type }>) => boolean,
  ): Promise<Extract<Observation, { type: Type }>>;
}

export function httpFixture(options: Partial<HttpServerOptions> = {}): HttpFixture {
  const services = inMemoryServices();
  const observations: Observation[] = [];
  let wake: (() => void)[] = [];
  const server = createHttpServer(services, {
    listen: "127.0.0.1",
    port: 0,
    domain: "localhost",
    limits: { bodyBytes: 4096 },
    clientLimits: { bodyBytes: 1024 },
    origins: ["*"],
    version: "0.1.0",
    observe(observation) {
      observations.push(observation);
      for (const resolve of wake.splice(0)) resolve();
    },
    ...options,
  });
  return {
    server,
    services,
    observations,
    async observed(type, fits = () => true) {
      for (;;) {
        for (const observation of observations) {
          if (observation.type === type && fits(observation as never)) return observation as never;
        }
        await new Promise<void>((resolve) => {
          wake = [...wake, resolve];
        });
      }
    },
  };
}

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
