/**
 * In charge of where an issuer of tokens may live. Its address is chosen by a database's owner and fetched by the
 * daemon, so it must not be a way into networks that the owner cannot reach himself.
 */
import { BlockList, isIP } from "node:net";
import { posternError } from "../base/error.ts";

export interface IssuerRules {
  /** Only where Postern itself listens on loopback: then its users are on this machine anyway. */
  allowLoopback: boolean;
  /** The administrator's own choice: issuers inside the private network. */
  allowPrivate: boolean;
}

export const issuerRulesOf = (config: {
  listen: string;
  privateIssuers: "refused" | "allowed";
}): IssuerRules => ({
  allowLoopback: addressKind(config.listen) === "loopback",
  allowPrivate: config.privateIssuers === "allowed",
});

type Ranges = readonly (readonly [network: string, prefix: number])[];

const loopback = blockList([["127.0.0.0", 8]], [["::1", 128]]);
/** Never an issuer, private or not: clouds hand out a machine's credentials there. */
const metadata = blockList(
  [["100.100.100.200", 32]],
  [
    ["fd00:ec2::", 32],
    ["fd20:ce::254", 128],
  ],
);
const privateRanges = blockList(
  [
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["172.16.0.0", 12],
    ["192.168.0.0", 16],
  ],
  [["fc00::", 7]],
);
/** What is neither private nor loopback and still not a machine on the internet. */
const reserved = blockList(
  [
    ["0.0.0.0", 8],
    ["169.254.0.0", 16],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
  ],
  // Teredo and its neighbours, documentation, 6to4: forms that carry another address inside.
  [
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["3fff::", 20],
  ],
);
/** Everything outside is mapped, translated, link-local, site-local or multicast. */
const globalUnicast = blockList([], [["2000::", 3]]);

function blockList(ipv4: Ranges, ipv6: Ranges): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ipv4) list.addSubnet(network, prefix, "ipv4");
  for (const [network, prefix] of ipv6) list.addSubnet(network, prefix, "ipv6");
  return list;
}

export type AddressKind = "public" | "private" | "loopback" | "forbidden";

/** What kind of machine an IP address names; `forbidden` too for what is no IP address. */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return "forbidden";
  const family = version === 4 ? "ipv4" : "ipv6";
  // An IPv4 address in IPv6's clothes would be checked as IPv4; no honest issuer needs that form.
  if (family === "ipv6" && isMapped(address)) return "forbidden";
  if (loopback.check(address, family)) return "loopback";
  if (metadata.check(address, family) || reserved.check(address, family)) return "forbidden";
  if (privateRanges.check(address, family)) return "private";
  return family === "ipv4" || globalUnicast.check(address, family) ? "public" : "forbidden";
}

const isMapped = (address: string) => /^\[::ffff:/i.test(new URL(`http://[${address}]`).host);

/** May a connection be made to this address? */
export function isAllowedAddress(address: string, rules: IssuerRules): boolean {
  switch (addressKind(address)) {
    case "public":
      return true;
    case "private":
      return rules.allowPrivate;
    case "loopback":
      return rules.allowLoopback;
    case "forbidden":
      return false;
  }
}

/**
 * The issuer's address, unchanged: tokens must name it to the letter. Names are not looked up here but when they are
 * connected to. @throws Y2012
 */
export function checkIssuerUrl(text: string, rules: IssuerRules): string {
  const url = checkFetchUrl(text, rules);
  if (url.search !== "" || text.includes("?")) throw refused(text, "It has a query.");
  return text;
}

/** Any address that is fetched on an issuer's behalf. @throws Y2012 */
export function checkFetchUrl(text: string, rules: IssuerRules): URL {
  const url =
    text.length <= 500 && /^[\x21-\x7e]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw refused(text, "It is not an absolute URL of at most 500 printable ASCII characters.");
  if (url.username !== "" || url.password !== "") throw refused(text, "It has credentials in it.");
  if (text.includes("#")) throw refused(text, "It has a fragment.");
  const host = hostOf(url);
  if (url.protocol === "http:") {
    if (!rules.allowLoopback || !isLoopbackName(host)) throw refused(text, httpsOnly(rules));
  } else if (url.protocol !== "https:") {
    throw refused(text, httpsOnly(rules));
  }
  if (isIP(host) !== 0 ? !isAllowedAddress(host, rules) : isLoopbackName(host) && !rules.allowLoopback) {
    throw refused(text, "It names this machine, a private network or a range that is no server's.");
  }
  return url;
}

/** The host as a resolver or a socket takes it: without the brackets of IPv6. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

const isLoopbackName = (host: string) =>
  isIP(host) === 0 ? /^(.+\.)?localhost\.?$/.test(host) : addressKind(host) === "loopback";

const httpsOnly = ({ allowLoopback }: IssuerRules) =>
  allowLoopback
    ? "It must begin with https://, or with http:// and name localhost."
    : "It must begin with https://.";

function refused(text: string, detail: string) {
  const shown = text.slice(0, 100).replace(/[^\x20-\x7e]/g, "?");
  return posternError("Y2012", `"${shown}" cannot be an issuer of tokens.`, {
    detail,
    hint: "Give the issuer's https address, as the `iss` of its tokens has it.",
  });
}
