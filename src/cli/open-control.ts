/** In charge of clients of Postern that trust whom the user trusts. */
import type { Client, ClientOptions } from "@postern/sdk/client";
import { type Control, type ControlOptions, createControl, type Fetch } from "@postern/sdk/control";
import { apiAddresses, fetchFromSeveral } from "./api-addresses.ts";
import { fetchAnswer } from "./fetch-answer.ts";

export const openControl = async (options: ControlOptions): Promise<Control> =>
  createControl({ ...options, fetch: await openFetch() });

export const openClient = async (options: ClientOptions): Promise<Client> => {
  const { createClient } = await import("@postern/sdk/client");
  return createClient({ ...options, fetch: await openFetch() });
};

/** Certificates are read only where the environment names an authority. */
async function openFetch(): Promise<Fetch> {
  const addresses = apiAddresses(process.env.POSTERN_API_URL ?? "");
  const withinMs = addresses.length > 1 ? connectWithinMs : undefined;
  const fetch = fetchAnswer({ authorities: await ownAuthorities(), connectWithinMs: withinMs });
  return addresses.length > 1 ? fetchFromSeveral(fetch, addresses) : fetch;
}

/** Where there are others to ask. */
const connectWithinMs = 4_000;

async function ownAuthorities(): Promise<string[] | undefined> {
  if (!process.env.POSTERN_CA_CERT) return undefined;
  return (await import("./private-authority.ts")).privateAuthority();
}
