/** In charge of the OpenAPI document without a server: for the docs and for tests. */
import { createApp } from "./create-app.ts";
import type { HttpApp } from "./http-app.ts";
import type { HttpServices } from "./services/http-services.ts";

/** No route is called. */
const noServices = {} as HttpServices;

export async function openapiDocument(version: string): Promise<ReturnType<HttpApp["swagger"]>> {
  const app = createApp(noServices, {
    listen: "127.0.0.1",
    domain: "localhost",
    limits: { bodyBytes: 1 },
    clientLimits: { bodyBytes: 1 },
    origins: [],
    version,
    observe: () => {},
  });
  await app.ready();
  try {
    return app.swagger();
  } finally {
    await app.close();
  }
}
