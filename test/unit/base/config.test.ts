import { describe, expect, test } from "vitest";
import { readConfig } from "../../../src/base/config.ts";
import { isLoopback, requireSafeListen } from "../../../src/base/listen.ts";

const read = (environment: Record<string, string> = {}) =>
  readConfig({ HOME: "/home/ada", POSTERN_HOME: "/srv/postern", ...environment });

const refusal = (environment: Record<string, string>) => {
  try {
    read(environment);
  } catch (error) {
    return error;
  }
  throw new Error("it was taken");
};

describe("without a word about it", () => {
  test("everything listens on loopback, without TLS", () => {
    expect(read()).toMatchObject({ listen: "127.0.0.1", insecure: false, tls: null, hosts: [] });
  });

  test("callers get 100 requests a second and 200 at once, 30 s for a request, and /metrics by key", () => {
    expect(read()).toMatchObject({
      rateLimit: { perSecond: 100, burst: 200 },
      requestTimeoutMs: 30_000,
      metrics: "key",
      logRequests: false,
    });
  });
});

describe("where Postern listens", () => {
  test.each(["0.0.0.0", "::", "10.1.2.3", "2001:db8::1"])("%s is taken, and is not loopback", (address) => {
    expect(read({ POSTERN_LISTEN: address }).listen).toBe(address);
    expect(isLoopback(address)).toBe(false);
  });

  test.each(["127.0.0.1", "127.9.9.9", "::1", "localhost"])("%s is loopback", (address) => {
    expect(isLoopback(read({ POSTERN_LISTEN: address }).listen)).toBe(true);
  });

  test.each(["*", "eth0", "10.1.2.3:80", "10.1.2", "fe80::1%eth0", "10.0.0.1,10.0.0.2", "a'b"])(
    "%s is Y0001",
    (address) => {
      expect(refusal({ POSTERN_LISTEN: address })).toMatchObject({ code: "Y0001" });
    },
  );

  const certificate = { POSTERN_TLS_CERT: "/etc/tls/cert.pem", POSTERN_TLS_KEY: "/etc/tls/key.pem" };
  test("off loopback without TLS is Y0011", () => {
    expect(() => requireSafeListen(read({ POSTERN_LISTEN: "0.0.0.0" }))).toThrowError(
      expect.objectContaining({ code: "Y0011", hint: expect.stringContaining("POSTERN_TLS_CERT") }),
    );
  });

  test.each<Record<string, string>>([
    { POSTERN_LISTEN: "0.0.0.0", POSTERN_INSECURE: "1" },
    { POSTERN_LISTEN: "0.0.0.0", ...certificate },
    { POSTERN_LISTEN: "127.0.0.1" },
    {},
  ])("%j is let be", (environment) => {
    expect(requireSafeListen(read(environment))).toBeUndefined();
  });

  test("one of the two TLS files alone is Y0001 naming the other", () => {
    expect(refusal({ POSTERN_TLS_CERT: "/c.pem" })).toMatchObject({
      code: "Y0001",
      message: expect.stringContaining("POSTERN_TLS_KEY is not"),
    });
    expect(refusal({ POSTERN_TLS_KEY: "/k.pem" })).toMatchObject({
      message: expect.stringContaining("POSTERN_TLS_CERT is not"),
    });
    expect(refusal({ ...certificate, POSTERN_TLS_KEY: "key.pem" })).toMatchObject({
      message: expect.stringContaining("absolute"),
    });
  });
});

describe("POSTERN_HOSTS", () => {
  test("is a list of names", () => {
    expect(read({ POSTERN_HOSTS: "DB.example.com, 10.0.0.5,::1," }).hosts).toEqual([
      "db.example.com",
      "10.0.0.5",
      "::1",
    ]);
  });

  test.each(["https://db.example.com", "db.example.com:5480", "*.example.com", ".*"])(
    "%s is Y0001",
    (text) => {
      expect(refusal({ POSTERN_HOSTS: text })).toMatchObject({ code: "Y0001" });
    },
  );
});

describe("numbers and switches", () => {
  test.each([
    ["50", { perSecond: 50, burst: 100 }],
    ["50/75", { perSecond: 50, burst: 75 }],
    ["off", null],
  ])("POSTERN_RATE_LIMIT=%s", (text, limit) => {
    expect(read({ POSTERN_RATE_LIMIT: text }).rateLimit).toEqual(limit);
  });

  test.each([
    ["POSTERN_RATE_LIMIT", "0"],
    ["POSTERN_RATE_LIMIT", "10/0"],
    ["POSTERN_RATE_LIMIT", "fast"],
    ["POSTERN_REQUEST_TIMEOUT", "0"],
    ["POSTERN_REQUEST_TIMEOUT", "1.5"],
    ["POSTERN_REQUEST_TIMEOUT", "30s"],
    ["POSTERN_INSECURE", "yes"],
    ["POSTERN_METRICS_PUBLIC", "true"],
    ["POSTERN_LOG_REQUESTS", "all"],
    ["POSTERN_EPHEMERAL", "true"],
  ])("%s=%s is Y0001 naming the variable", (variable, text) => {
    expect(refusal({ [variable]: text })).toMatchObject({
      code: "Y0001",
      message: expect.stringContaining(variable),
    });
  });

  test("a request may be given an hour", () => {
    expect(read({ POSTERN_REQUEST_TIMEOUT: "3600" }).requestTimeoutMs).toBe(3_600_000);
  });
});

describe("where archives go", () => {
  const store = (value: string, more: Record<string, string> = {}) =>
    read({ POSTERN_PITR_STORE: value, ...more }).pointInTime.s3;

  test("to the folder, unless a store is named", () => {
    expect(read().pointInTime).toMatchObject({ directory: "/srv/postern/point-in-time", s3: null });
    expect(store("s3://shelf/logs")).toMatchObject({ bucket: "shelf", prefix: "logs", pathStyle: false });
  });

  test.each([
    ["s3://shelf", "s3://shelf"],
    ["s3://shelf/logs", "s3://shelf"],
    ["s3://shelf/backups/logs", "s3://shelf/backups"],
    ["s3://shelf/backups", "s3://shelf/backups"],
  ])("%s among the backups of %s is Y0001", (archives, backups) => {
    expect(refusal({ POSTERN_PITR_STORE: archives, POSTERN_BACKUP_STORE: backups })).toMatchObject({
      code: "Y0001",
    });
  });

  test("beside backups, and in another bucket, is taken", () => {
    const backups = { POSTERN_BACKUP_STORE: "s3://shelf/backups" };
    expect(store("s3://shelf/backups-and-logs", backups)).toMatchObject({ prefix: "backups-and-logs" });
    expect(store("s3://other", backups)).toMatchObject({ bucket: "other" });
  });

  test("an address without TLS is Y0001", () => {
    const environment = { POSTERN_PITR_STORE: "s3://shelf", POSTERN_S3_ENDPOINT: "http://10.0.0.1:9000" };
    expect(refusal(environment)).toMatchObject({ code: "Y0001", hint: expect.stringContaining("https://") });
  });

  test.each(["shelf", "s3://", "s3://UPPER", "https://shelf"])("%s is no place", (value) => {
    expect(refusal({ POSTERN_PITR_STORE: value })).toMatchObject({
      code: "Y0001",
      message: expect.stringContaining("POSTERN_PITR_STORE"),
    });
  });
});
