import { describe, expect, it } from "vitest";
import { readManifest } from "../../../src/manifest/read-manifest.ts";
import { composeDuration, planHealth } from "../../../src/releases/check-health.ts";
import { publishedPort } from "../../../src/releases/service-ports.ts";

const serviceOf = (rest: string) =>
  readManifest(`services: { api: { command: node a.js, ${rest} } }`).forEnvironment("staging").services.api!;

describe("how a service's health is seen", () => {
  it.each([
    ["x-postern: { health: /up }", 4000, { kind: "http", path: "/up" }],
    [
      "healthcheck: { test: [CMD, a, b] }",
      4000,
      { kind: "command", command: ["a", "b"], patienceMs: 90_000 },
    ],
    ["healthcheck: { test: [CMD-SHELL, a b] }", null, { kind: "command", command: "a b" }],
    ["healthcheck: { test: a b, interval: 2s, retries: 2, start_period: 1m }", null, { patienceMs: 64_000 }],
    ["healthcheck: { disable: true }", 4000, { kind: "alive" }],
    ["ports: [3000]", 4000, { kind: "tcp" }],
    ["ports: []", null, { kind: "alive", patienceMs: 1_000 }],
  ])("%s", (rest, port, plan) => {
    expect(planHealth(serviceOf(rest), port)).toMatchObject(plan);
  });

  it.each([
    ["1m30s", 90_000],
    ["500ms", 500],
    ["10s", 10_000],
  ])("%s is a length of time as Compose writes it", (text, ms) => {
    expect(composeDuration(text)).toBe(ms);
  });

  it.each([
    ["8080:3000", 8080],
    ["127.0.0.1:8080:3000/tcp", 8080],
    ["3000", undefined],
  ])("%s is reached where it says", (text, port) => {
    expect(publishedPort(text)).toBe(port);
  });
});
