import { describe, expect, it } from "vitest";
import { forbiddenAddress, isLocalAddress } from "../../../src/base/forbidden-address.ts";

describe("forbiddenAddress", () => {
  it.each([
    "169.254.169.254",
    "169.254.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "ff02::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "0:0:0:0:0:ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "db.example.com",
    "",
  ])("refuses %s", (address) => {
    expect(forbiddenAddress(address)).toEqual(expect.any(String));
  });

  it.each([
    "127.0.0.1",
    "10.0.0.5",
    "192.168.1.2",
    "8.8.8.8",
    "::1",
    "fd12:3456::1",
    "2a00:1450::1",
    "::ffff:10.0.0.1",
  ])("lets %s pass", (address) => {
    expect(forbiddenAddress(address)).toBeNull();
  });
});

describe("isLocalAddress", () => {
  it("is loopback and private networks, in each form", () => {
    for (const address of [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.0.1",
      "::1",
      "fd00::1",
      "::ffff:10.0.0.1",
    ])
      expect(isLocalAddress(address), address).toBe(true);
    for (const address of ["8.8.8.8", "172.32.0.1", "2a00::1", "::ffff:8.8.8.8"])
      expect(isLocalAddress(address), address).toBe(false);
  });
});
