/** In charge of putting lanes in front of a server: each connection begins in one, and closing the server closes them too. */
import type { Server } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { DirectOptions } from "../direct-answer.ts";
import { Lane, type LaneOwner } from "./lane.ts";

export function openLanes(server: Server, options: DirectOptions): void {
  const event = server instanceof HttpsServer ? "secureConnection" : "connection";
  const node = server.listeners(event) as ((socket: Socket) => void)[];
  const lanes = new Set<Lane>();
  const owner: LaneOwner = {
    server,
    options,
    takeOver(lane, socket, unread) {
      lanes.delete(lane);
      socket.pause();
      if (unread) socket.unshift(unread);
      for (const take of node) take.call(server, socket);
      socket.resume();
    },
    onClose: (lane) => lanes.delete(lane),
  };
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    // What workers hand on says in its head whom it is from, and is plain only seldom.
    if (socket.remoteAddress === undefined) for (const take of node) take.call(server, socket);
    else lanes.add(new Lane(socket, owner));
  });
  const { closeIdleConnections, closeAllConnections } = server;
  server.closeIdleConnections = () => {
    closeIdleConnections.call(server);
    for (const lane of lanes) if (lane.isIdle) lane.destroy();
  };
  server.closeAllConnections = () => {
    closeAllConnections.call(server);
    for (const lane of lanes) lane.destroy();
  };
}
