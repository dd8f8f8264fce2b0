/**
 * In charge of fetching an issuer's documents without being led elsewhere: the name is looked up once and the connection
 * goes to the address that was checked, no redirect is followed, and time and size end early.
 */
import { lookup as lookUpName } from "node:dns/promises";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { checkFetchUrl, hostOf, type IssuerRules, isAllowedAddress } from "./issuer-address.ts";

export interface ResolvedAddress {
  address: string;
  family: number;
}

export type ResolveName = (host: string) => Promise<ResolvedAddress[]>;
/** Answers with the parsed JSON. Rejects with whatever went wrong; that is for the log, not for the caller of an API. */
export type FetchIssuerDocument = (url: string) => Promise<unknown>;

export interface FetchOptions {
  resolveName?: ResolveName;
  timeoutMs?: number;
}

const mostBytes = 64 * 1024;
const defaultTimeoutMs = 5_000;

const resolveBySystem: ResolveName = (host) => lookUpName(host, { all: true });

export function createIssuerFetch(
  rules: IssuerRules,
  { resolveName = resolveBySystem, timeoutMs = defaultTimeoutMs }: FetchOptions = {},
): FetchIssuerDocument {
  return async (text) => {
    const url = checkFetchUrl(text, rules);
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const addresses = await orAborted(resolveAllowed(url, rules, resolveName), signal);
      return JSON.parse(await readBody(url, addresses, signal));
    } catch (error) {
      if (signal.aborted)
        throw new Error(`${url.href} did not answer within ${timeoutMs} ms`, { cause: error });
      throw error;
    }
  };
}

/** One forbidden address among several is enough to refuse: that is how a name is made to lead inside. */
async function resolveAllowed(
  url: URL,
  rules: IssuerRules,
  resolveName: ResolveName,
): Promise<ResolvedAddress[]> {
  const host = hostOf(url);
  const version = isIP(host);
  const addresses = version === 0 ? await resolveName(host) : [{ address: host, family: version }];
  // Plain http is for this machine: a name that only looks like it does not make it so.
  const rulesOfScheme = url.protocol === "http:" ? { ...rules, allowPrivate: false } : rules;
  const isAllowed = ({ address }: ResolvedAddress) => isAllowedAddress(address, rulesOfScheme);
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  const wrong = addresses.find((entry) => !isAllowed(entry));
  if (wrong) throw new Error(`${host} is at ${wrong.address}, which is no place for an issuer`);
  return addresses;
}

function readBody(url: URL, addresses: readonly ResolvedAddress[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
      // No connection is kept: the next fetch is minutes away, and looks the name up anew.
      agent: false,
      lookup: answerWith(addresses),
      headers: { accept: "application/json", "accept-encoding": "identity", "user-agent": "postern" },
      maxHeaderSize: 16 * 1024,
      signal,
    });
    const fail = (error: Error) => {
      request.destroy();
      reject(error);
    };
    request.on("error", reject);
    request.on("response", (response) => {
      const { statusCode } = response;
      if (statusCode !== 200)
        return fail(new Error(`${url.href} answered ${statusCode}; redirects are not followed`));
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > mostBytes) return fail(new Error(`${url.href} answered more than ${mostBytes} bytes`));
        chunks.push(chunk);
      });
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    });
    request.end();
  });
}

/** The socket asks for the address of the name a second time; it gets the one that was checked. */
const answerWith =
  (addresses: readonly ResolvedAddress[]): LookupFunction =>
  (_host, options, callback) => {
    const first = addresses[0]!;
    if (options.all) callback(null, [...addresses]);
    else callback(null, first.address, first.family);
  };

function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}
