/**
 * In charge of the plain case of SQL over HTTP, past the framework: a well-formed request with a database's token, a
 * user's JWT or no credentials at all, and a JSON body of known length. It costs half of what the framework's way costs.
 * Whatever is unusual (odd credentials, another content type, no length, too large a body, a wish for timings) goes the
 * framework's way, which has every rule; the two share the checks, the operations and the bodies of errors.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { DirectAnswer, type DirectOptions } from "./direct-answer.ts";
import { NodeExchange } from "./direct-exchange.ts";
import { answerNeonDirectly, isPlainNeon, placeOfNeon } from "./direct-neon.ts";
import { openLanes } from "./lane/open-lanes.ts";
import { directRequest, readDirectHead } from "./read-direct-request.ts";

/** Puts the direct way in front of whatever answers the server's requests now. */
export function answerDirectly(server: Server, options: DirectOptions): void {
  const others = server.listeners("request") as ((
    request: IncomingMessage,
    response: ServerResponse,
  ) => void)[];
  server.removeAllListeners("request");
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    // A server that is closing tells its clients so, which the framework knows how to.
    const head = server.listening ? readDirectHead(request, options) : undefined;
    const passOn = () => {
      for (const other of others) other.call(server, request, response);
    };
    if (head)
      whereItIs(options, head.databaseId, passOn, () => {
        const exchange = new NodeExchange(request, response, options.hold);
        new DirectAnswer(exchange, directRequest(head), options).start();
      });
    else if (server.listening && isPlainNeon(request, options.bodyLimit))
      whereItIs(options, placeOfNeon(request, options.host), passOn, () => {
        void answerNeonDirectly(request, response, options);
      });
    else passOn();
  });
  openLanes(server, options);
}

/** Here, or not; what is being asked for is waited for. A process that answers all of them asks nothing. */
function whereItIs(
  { whereabouts }: DirectOptions,
  databaseId: string | undefined,
  passOn: () => void,
  answer: () => void,
): void {
  const isHere = whereabouts === undefined || (databaseId !== undefined && whereabouts.isHere(databaseId));
  if (isHere === true) answer();
  else if (isHere === false) passOn();
  else void isHere.then((is) => (is ? answer() : passOn()));
}
