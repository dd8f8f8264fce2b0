/** In charge of clients of Postern that trust whom the user trusts. */
import { type Client, type ClientOptions, createClient } from "@postern/sdk/client";
import { type Control, type ControlOptions, createControl } from "@postern/sdk/control";
import { fetchTrusting } from "./fetch-trusting.ts";
import { privateAuthority } from "./private-authority.ts";

export const openControl = (options: ControlOptions): Control => createControl({ ...options, ...trust() });

export const openClient = (options: ClientOptions): Client => createClient({ ...options, ...trust() });

function trust(): Pick<ControlOptions, "fetch"> {
  const authority = privateAuthority();
  return authority === undefined ? {} : { fetch: fetchTrusting(authority) };
}
