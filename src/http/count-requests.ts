/** In charge of knowing how many requests are under way, by whichever way they are answered. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";

/** Returns what tells the number. */
export function countRequests(server: Server, onChange: (underWay: number) => void = () => {}): () => number {
  let underWay = 0;
  const end = () => onChange(--underWay);
  server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
    onChange(++underWay);
    response.once("close", end);
  });
  return () => underWay;
}
