/** In charge of knowing how many requests are under way, by whichever way they are answered. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { DirectExchange } from "./direct-exchange.ts";
import { laneRequest } from "./lane/lane.ts";

/** Returns what tells the number. */
export function countRequests(server: Server, onChange: (underWay: number) => void = () => {}): () => number {
  let underWay = 0;
  const begin = () => onChange(++underWay);
  const end = () => onChange(--underWay);
  server.prependListener("request", (_request: IncomingMessage, response: ServerResponse) => {
    begin();
    response.once("close", end);
  });
  server.on(laneRequest, (exchange: DirectExchange) => {
    begin();
    exchange.onEnd(end);
  });
  return () => underWay;
}
