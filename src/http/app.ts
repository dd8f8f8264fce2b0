/** In charge of putting the HTTP application together: parsing, hooks, routes, errors. */
import { fastify } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { Limits } from "../base/config.ts";
import type { Observe } from "../base/observation.ts";
import type { HttpServices } from "./services.ts";

export interface AppOptions {
  /** Databases are served at `<id>.<domain>`. */
  domain: string;
  limits: Pick<Limits, "bodyBytes" | "statements">;
  /** Version of Postern, for the OpenAPI document. */
  version: string;
  observe: Observe;
}

export type HttpApp = ReturnType<typeof createApp>;

export function createApp(_services: HttpServices, _options: AppOptions) {
  const app = fastify({ logger: false }).withTypeProvider<ZodTypeProvider>();
  return app;
}
