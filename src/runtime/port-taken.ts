/** In charge of saying who has the port that a server of an instance, or the gate before it, is to listen on. */
import type { PosternError } from "@postern/sdk/error";
import { posternError } from "../base/error.ts";
import { describePortHolder } from "../base/port-holder.ts";

export async function portTakenError(server: string, port: number, detail?: string): Promise<PosternError> {
  const who = await describePortHolder(port);
  return posternError("Y4014", `Port ${port} of server ${server} is taken by ${who}.`, {
    ...(detail === undefined ? {} : { detail }),
    hint: "The database's direct URL names that port. End that program: Postern tries again all the time.",
  });
}
