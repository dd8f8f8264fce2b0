/** What a collector of OpenTelemetry is told, by one that listens on this machine. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Observation } from "../../../src/base/observation.ts";
import { readInsights } from "../../../src/base/read-insights.ts";
import { OtlpExporter, traceIdOf } from "../../../src/insights/otlp-exporter.ts";
import type { StatementSpan } from "../../../src/insights/trace-bundle.ts";

let collector: Server;
let url: string;
let received: { path: string; headers: Record<string, unknown>; body: string }[] = [];
let status = 200;

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    received.push({ path: request.url!, headers: request.headers, body });
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => collector.close(resolve)));
beforeEach(() => {
  received = [];
  status = 200;
});

const span: StatementSpan = {
  databaseId: "db-0123456789ab",
  requestId: "page-1",
  sql: "select * from users where email = 'nobody@example.org'",
  index: 0,
  role: "owner",
  at: 1_764_000_000_000.25,
  ms: 12.5,
  waitMs: 0.5,
  rows: 3,
  code: null,
  slow: false,
};
const identity = {
  fingerprint: "f1",
  text: "select * from users where email = $1",
  kind: "select" as const,
  tables: ["users"],
};

function exporterTo(environment: Record<string, string>) {
  const observed: Observation[] = [];
  const { otlp } = readInsights(environment);
  const exporter = new OtlpExporter(otlp!, { version: "1.2.3", observe: (one) => observed.push(one) });
  return { exporter, observed };
}

describe("the exporter", () => {
  it("posts spans as OTLP in JSON, without any value of a statement", async () => {
    const { exporter, observed } = exporterTo({
      OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/`,
      OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b,x-other=c",
    });
    exporter.note(span, identity);
    exporter.note({ ...span, code: "23505", rows: null }, identity);
    await exporter.send();
    expect(observed).toEqual([]);
    expect(received).toHaveLength(1);
    const [{ path, headers, body }] = received as [(typeof received)[number]];
    expect([path, headers["content-type"], headers["x-key"]]).toEqual([
      "/v1/traces",
      "application/json",
      "a b",
    ]);
    expect(body).not.toContain("nobody@example.org");
    const [{ resource, scopeSpans }] = JSON.parse(body).resourceSpans;
    expect(resource.attributes).toContainEqual({ key: "service.name", value: { stringValue: "postern" } });
    const [first, second] = scopeSpans[0].spans;
    expect(first).toMatchObject({
      traceId: traceIdOf("page-1"),
      spanId: expect.stringMatching(/^[0-9a-f]{16}$/),
      name: "select users",
      kind: 3,
      startTimeUnixNano: "1764000000000250000",
      endTimeUnixNano: "1764000000012750000",
    });
    expect(first.attributes).toContainEqual({ key: "db.response.returned_rows", value: { intValue: "3" } });
    expect(first.status).toBeUndefined();
    expect(second).toMatchObject({ traceId: first.traceId, status: { code: 2, message: "23505" } });
  });

  it("sends many in several posts, and tells once of a collector that refuses", async () => {
    const { exporter, observed } = exporterTo({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/own` });
    for (let at = 0; at < 600; at += 1) exporter.note(span, identity);
    await exporter.send();
    expect(
      received.map(({ path, body }) => [path, JSON.parse(body).resourceSpans[0].scopeSpans[0].spans.length]),
    ).toEqual([
      ["/own", 512],
      ["/own", 88],
    ]);
    status = 503;
    for (let at = 0; at < 2; at += 1) {
      exporter.note(span, identity);
      await exporter.send();
    }
    expect(observed).toEqual([expect.objectContaining({ event: "failed", detail: "it answered 503" })]);
  });
});

describe("configuration", () => {
  it("exports nothing unless it is told where to, and refuses what is no address", () => {
    expect(readInsights({}).otlp).toBeNull();
    expect(() => readInsights({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" })).toThrow(/no address/);
  });

  it("keeps a trace's own id", () => {
    expect(traceIdOf("4bf92f3577b34da6a3ce929d0e0e4736")).toBe("4bf92f3577b34da6a3ce929d0e0e4736");
    expect(traceIdOf("0".repeat(32))).not.toBe("0".repeat(32));
  });
});
