import { describe, expect, test } from "vitest";
import { Metrics } from "../../../src/daemon/metrics.ts";

const request = { type: "request", requestId: "r", method: "POST", route: "/v1/db/:id/query" } as const;
const nothing = { read: async () => [] };

describe("metrics", () => {
  test("count requests by route, method and class of status", async () => {
    const metrics = new Metrics();
    for (const status of [200, 201, 404, 503])
      metrics.observe({ ...request, status, durationMs: 3, databaseId: "db-0123456789ab", code: "Y1" });
    const text = await metrics.serviceOf(nothing).render({ perDatabase: true });
    const labels = (status: string) => `{route="/v1/db/:id/query",method="POST",status="${status}"}`;
    expect(text).toContain(`postern_http_requests_total${labels("2xx")} 2`);
    expect(text).toContain(`postern_http_requests_total${labels("4xx")} 1`);
    expect(text).toContain(`postern_http_requests_total${labels("5xx")} 1`);
    expect(text).toContain(`postern_http_request_duration_seconds_count${labels("2xx")} 2`);
    expect(text).toContain('postern_http_request_duration_seconds_bucket{le="0.005",');
    expect(text).not.toContain("db-0123456789ab");
  });

  test("count what workers answered, many at a time", async () => {
    const metrics = new Metrics();
    metrics.count([{ method: "POST", route: "/q", status: 200, durationsMs: [1, 2, 2_000] }]);
    const text = await metrics.serviceOf(nothing).render({ perDatabase: true });
    expect(text).toContain('postern_http_requests_total{route="/q",method="POST",status="2xx"} 3');
    expect(text).toContain('_bucket{le="1",route="/q",method="POST",status="2xx"} 2');
  });

  test("count ends of operations, faults and deaths of servers, own instances as one", async () => {
    const metrics = new Metrics();
    metrics.observe({ type: "operation", operationId: "op-1", kind: "backup", event: "started" });
    metrics.observe({ type: "operation", operationId: "op-1", kind: "backup", event: "completed" });
    metrics.observe({ type: "fault", where: "here", error: new Error("needle") });
    metrics.observe({ type: "service", service: "ins-0123456789ab", event: "died" });
    metrics.observe({ type: "service", service: "shared", event: "ready" });
    const text = await metrics.serviceOf(nothing).render({ perDatabase: true });
    expect(text).toContain('postern_operations_finished_total{kind="backup",end="completed"} 1');
    expect(text).toContain("postern_faults_total 1");
    expect(text).toContain('postern_service_deaths_total{service="instance"} 1');
    expect(text).not.toMatch(/needle|ins-0|service="shared"/);
  });

  test("show what is, and single databases only to those who may see them", async () => {
    const samples = [{ labels: { database: "db-0123456789ab" }, value: 7 }];
    const source = {
      read: async () => [
        { name: "a", help: "A.", samples: [{ value: 1 }] },
        { name: "b", help: "B.", samples, perDatabase: true },
      ],
    };
    const service = new Metrics().serviceOf(source);
    const [all, some] = await Promise.all(
      [true, false].map((perDatabase) => service.render({ perDatabase })),
    );
    expect(all).toMatch(/^a 1$/m);
    expect(all).toMatch(/^b\{database="db-0123456789ab"\} 7$/m);
    expect(some).toMatch(/^a 1$/m);
    expect(some).not.toContain("db-0123456789ab");
  });

  test("include those of the process", async () => {
    const text = await new Metrics().serviceOf(nothing).render({ perDatabase: false });
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).toContain("nodejs_eventloop_lag_seconds");
  });
});
