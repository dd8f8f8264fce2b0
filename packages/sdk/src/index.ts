/** In charge of what `@postern/sdk` offers. */
export * from "./client.ts";
export * from "./control.ts";
export * from "./error.ts";
export type * from "./protocol.ts";
