import { describe, expect, test } from "vitest";
import {
  addressKind,
  checkFetchUrl,
  checkIssuerUrl,
  type IssuerRules,
  issuerRulesOf,
} from "../../../src/access/issuer-address.ts";

const strict: IssuerRules = { allowLoopback: false, allowPrivate: false };
const local: IssuerRules = { allowLoopback: true, allowPrivate: false };
const inHouse: IssuerRules = { allowLoopback: false, allowPrivate: true };

const refusal = expect.objectContaining({ code: "Y2012" });

describe("an IP address", () => {
  test.each([
    ["93.184.216.34", "public"],
    ["2606:4700::1111", "public"],
    ["127.0.0.1", "loopback"],
    ["127.255.3.4", "loopback"],
    ["::1", "loopback"],
    ["10.1.2.3", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["172.32.0.1", "public"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "private"],
    ["fd12:3456::1", "private"],
    ["169.254.169.254", "forbidden"],
    ["100.100.100.200", "forbidden"],
    ["fd00:ec2::254", "forbidden"],
    ["fe80::1", "forbidden"],
    ["fe80::1%eth0", "forbidden"],
    ["0.0.0.0", "forbidden"],
    ["::", "forbidden"],
    ["224.0.0.1", "forbidden"],
    ["255.255.255.255", "forbidden"],
    ["ff02::1", "forbidden"],
    ["::ffff:127.0.0.1", "forbidden"],
    ["::ffff:93.184.216.34", "forbidden"],
    ["0:0:0:0:0:ffff:7f00:1", "forbidden"],
    ["::127.0.0.1", "forbidden"],
    ["64:ff9b::7f00:1", "forbidden"],
    ["2002:7f00:1::", "forbidden"],
    ["2001::1", "forbidden"],
    ["fec0::1", "forbidden"],
    ["example.com", "forbidden"],
  ] as const)("%s is %s", (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });
});

describe("the address of an issuer", () => {
  test("over https at a public host is taken to the letter", () => {
    for (const url of [
      "https://auth.example.com",
      "https://auth.example.com/",
      "https://Login.example.com/a/b",
      "https://93.184.216.34:8443/x",
    ]) {
      expect(checkIssuerUrl(url, strict)).toBe(url);
    }
  });

  test.each([
    "http://auth.example.com",
    "http://127.0.0.1:8080",
    "http://localhost",
    "ftp://auth.example.com",
    "file:///etc/passwd",
    "data:text/plain,x",
    "auth.example.com",
    "",
    "https://",
    "https://user:secret@auth.example.com",
    "https://user@auth.example.com",
    "https://auth.example.com/?a=b",
    "https://auth.example.com/?",
    "https://auth.example.com/#a",
    "https://auth.example.com/ a",
    "https://auth.example.com/\n",
    "https://bücher.example",
    `https://auth.example.com/${"a".repeat(500)}`,
    "https://localhost",
    "https://a.localhost",
    "https://localhost.",
    "https://127.0.0.1",
    "https://0x7f.1",
    "https://2130706433",
    "https://[::1]",
    "https://[::ffff:127.0.0.1]",
    "https://10.0.0.1",
    "https://192.168.0.1",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]",
    "https://[fd00:ec2::254]",
    "https://0.0.0.0",
  ])("cannot be %j", (url) => {
    expect(() => checkIssuerUrl(url, strict)).toThrow(refusal);
  });

  test("can be this machine where Postern listens on loopback only, then over http too", () => {
    for (const url of [
      "http://localhost:8080",
      "http://127.0.0.1:8080/x",
      "http://[::1]:8080",
      "http://idp.localhost",
      "https://localhost",
    ]) {
      expect(checkIssuerUrl(url, local)).toBe(url);
    }
    for (const url of [
      "http://auth.example.com",
      "http://localhost.example.com",
      "http://10.0.0.1",
      "http://0.0.0.0",
      "https://10.0.0.1",
      "http://[::ffff:127.0.0.1]",
    ]) {
      expect(() => checkIssuerUrl(url, local)).toThrow(refusal);
    }
  });

  test("can be in a private network where the administrator says so, but never among cloud metadata", () => {
    for (const url of ["https://10.0.0.1", "https://192.168.0.1/idp", "https://[fd12::1]"]) {
      expect(checkIssuerUrl(url, inHouse)).toBe(url);
    }
    for (const url of [
      "http://10.0.0.1",
      "https://169.254.169.254",
      "https://[fd00:ec2::254]",
      "https://127.0.0.1",
      "https://100.100.100.200",
    ]) {
      expect(() => checkIssuerUrl(url, inHouse)).toThrow(refusal);
    }
  });

  test("of its keys may have a query, and keeps to the same hosts", () => {
    expect(checkFetchUrl("https://auth.example.com/keys?v=2", strict).search).toBe("?v=2");
    expect(() => checkFetchUrl("https://10.0.0.1/keys", strict)).toThrow(refusal);
    expect(() => checkFetchUrl("http://auth.example.com/keys", local)).toThrow(refusal);
  });
});

describe("the rules for issuers", () => {
  test("follow from where Postern listens and what the administrator allows", () => {
    expect(issuerRulesOf({ listen: "127.0.0.1", privateIssuers: "refused" })).toEqual(local);
    expect(issuerRulesOf({ listen: "::1", privateIssuers: "refused" })).toEqual(local);
    expect(issuerRulesOf({ listen: "0.0.0.0", privateIssuers: "refused" })).toEqual(strict);
    expect(issuerRulesOf({ listen: "::", privateIssuers: "allowed" })).toEqual(inHouse);
  });
});
