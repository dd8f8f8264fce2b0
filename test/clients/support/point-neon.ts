/** In charge of pointing a Neon driver at the Postern under test: its endpoint settings, and nothing else of it. */
import { inject } from "vitest";
import { WebSocket } from "ws";

export function pointNeon(settings: object): void {
  const api = inject("apiUrl");
  Object.assign(settings, {
    fetchEndpoint: () => `${api}/sql`,
    wsProxy: () => `${new URL(api).host}/v2`,
    useSecureWebSocket: false,
    // Node has one of its own from version 22 on.
    webSocketConstructor: WebSocket,
  });
}
