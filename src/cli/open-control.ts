/** In charge of clients of Postern that trust whom the user trusts. */
import type { Client, ClientOptions } from "@postern/sdk/client";
import { type Control, type ControlOptions, createControl, type Fetch } from "@postern/sdk/control";
import { fetchAnswer } from "./fetch-answer.ts";

export const openControl = async (options: ControlOptions): Promise<Control> =>
  createControl({ ...options, fetch: await openFetch() });

export const openClient = async (options: ClientOptions): Promise<Client> => {
  const { createClient } = await import("@postern/sdk/client");
  return createClient({ ...options, fetch: await openFetch() });
};

/** Certificates are read only where the environment names an authority. */
async function openFetch(): Promise<Fetch> {
  if (!process.env.POSTERN_CA_CERT) return fetchAnswer();
  const { privateAuthority } = await import("./private-authority.ts");
  return fetchAnswer(privateAuthority());
}
