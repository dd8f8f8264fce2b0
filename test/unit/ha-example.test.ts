/** What the example of a highly available cluster writes for its programs holds to what was seen to keep commits. */
import { describe, expect, it } from "vitest";

const example = (file: string) => import(new URL(`../../examples/ha/${file}`, import.meta.url).href);
const { etcdArguments, renderHaproxy, renderPatroni } = await example("files.js");
const { isOlder, leastPatroni } = await example("packages.js");

const passwords = { superuser: "p-1", replication: "p-2", rewind: "p-3", api: "p-4" };
const patroni = (node: string) =>
  JSON.parse(renderPatroni({ node, directory: "/d", name: "shop", postgresBin: "/bin", passwords }));

describe("Patroni", () => {
  it.each([
    [[3, 0, 2], true],
    [[4, 0, 6], true],
    [[3, 9, 9], true],
    [[4, 0, 7], false],
    [[4, 1, 0], false],
    [[5, 0, 0], false],
  ])("%j is too old: %s", (version, isTooOld) => {
    expect(isOlder(version, leastPatroni)).toBe(isTooOld);
  });

  it("acknowledges what two hosts have, and knows each host by its own address", () => {
    const { bootstrap, postgresql, restapi } = patroni("n2");
    expect(bootstrap.dcs).toMatchObject({ synchronous_mode: true, ttl: 20 });
    expect(bootstrap.dcs.ttl).toBeGreaterThanOrEqual(
      bootstrap.dcs.loop_wait + 2 * bootstrap.dcs.retry_timeout,
    );
    expect([postgresql.connect_address, restapi.connect_address]).toEqual([
      "10.77.0.2:5432",
      "10.77.0.2:8008",
    ]);
  });

  it("lets nobody in by the network without a password", () => {
    const rules: string[] = patroni("n1").bootstrap.pg_hba;
    for (const rule of rules.filter((line) => line.startsWith("host")))
      expect(rule).toMatch(/ scram-sha-256$/);
    expect(rules.join("\n")).not.toContain("trust");
  });
});

it("HAProxy sends to the leader only, and ends sessions of one that is it no more", () => {
  const text: string = renderHaproxy("/d");
  expect(text).toContain("option httpchk OPTIONS /primary");
  expect(text).toContain("on-marked-down shutdown-sessions");
  expect(text.match(/^ {2}bind .*$/gm)).toEqual(["  bind 127.0.0.1:5000", "  bind 127.0.0.1:5001"]);
});

it("etcd's hosts know of each other", () => {
  expect(etcdArguments("n3", "/d")).toContain(
    "n1=http://10.77.0.1:2380,n2=http://10.77.0.2:2380,n3=http://10.77.0.3:2380",
  );
});
