/**
 * In charge of addresses that Postern never connects to for somebody: those at which machines and clouds tell their own
 * secrets, and those that are nobody's.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

type Family = "ipv4" | "ipv6";

const forbidden: readonly [reason: string, network: string, prefix: number, family: Family][] = [
  ["no address of a server", "0.0.0.0", 8, "ipv4"],
  ["a link-local address, where clouds keep their metadata", "169.254.0.0", 16, "ipv4"],
  ["a multicast address", "224.0.0.0", 4, "ipv4"],
  ["a reserved address", "240.0.0.0", 4, "ipv4"],
  ["the address of a cloud's metadata", "100.100.100.200", 32, "ipv4"],
  ["the address of a cloud's metadata", "168.63.129.16", 32, "ipv4"],
  ["the address of a cloud's metadata", "192.0.0.192", 32, "ipv4"],
  ["no address of a server", "::", 128, "ipv6"],
  ["a link-local address", "fe80::", 10, "ipv6"],
  ["the address of a cloud's metadata", "fd00:ec2::254", 128, "ipv6"],
  ["the address of a cloud's metadata", "fd20:ce::254", 128, "ipv6"],
  ["a multicast address", "ff00::", 8, "ipv6"],
];

const lists = forbidden.map(([reason, network, prefix, family]) => {
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return { reason, list, family };
});

/** Why it is forbidden; null: it is not. What is no address at all is. */
export function forbiddenAddress(address: string): string | null {
  const bare = address.replace(/%.*$/, "");
  const inner = embeddedIPv4(bare);
  if (inner) return forbiddenAddress(inner);
  const family: Family | undefined = isIPv4(bare) ? "ipv4" : isIPv6(bare) ? "ipv6" : undefined;
  if (!family) return "no IP address";
  return lists.find((entry) => entry.family === family && entry.list.check(bare, family))?.reason ?? null;
}

const localNetworks = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
] as const)
  localNetworks.addSubnet(network, prefix, "ipv4");
localNetworks.addSubnet("::1", 128, "ipv6");
localNetworks.addSubnet("fc00::", 7, "ipv6");

/** This machine's own, or one of a private network. */
export function isLocalAddress(address: string): boolean {
  const bare = embeddedIPv4(address) ?? address;
  return localNetworks.check(bare, isIPv4(bare) ? "ipv4" : "ipv6");
}

/** Of ::ffff:a.b.c.d, ::a.b.c.d, 64:ff9b::a.b.c.d and 2002:: (6to4), however it is written. */
function embeddedIPv4(address: string): string | undefined {
  if (!isIPv6(address)) return undefined;
  const groups = expand(address);
  const last = ipv4Of(groups[6]!, groups[7]!);
  const head = groups.slice(0, 6);
  const zeros = (count: number) => head.slice(0, count).every((group) => group === 0);
  if (zeros(5) && groups[5] === 0xffff) return last;
  if (zeros(6) && (groups[6] !== 0 || groups[7]! > 1)) return last;
  if (groups[0] === 0x64 && groups[1] === 0xff9b && head.slice(2).every((group) => group === 0)) return last;
  if (groups[0] === 0x2002) return ipv4Of(groups[1]!, groups[2]!);
  return undefined;
}

const ipv4Of = (high: number, low: number): string => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;

function expand(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [left = "", right] = hex.split("::");
  const parse = (text: string) =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [before, after] = [parse(left), parse(right ?? "")];
  const missing = right === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}
