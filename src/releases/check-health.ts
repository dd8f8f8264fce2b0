/** In charge of telling whether a service that was started is healthy, as its manifest says that this is seen. */
import { request } from "node:http";
import { connect } from "node:net";
import { messageOf } from "../base/error.ts";
import type { Healthcheck, Service } from "../manifest/manifest.ts";

export interface HealthPlan {
  kind: "http" | "command" | "tcp" | "alive";
  path?: string;
  command?: string | string[];
  everyMs: number;
  timeoutMs: number;
  /** How long it may take until the service is healthy for the first time. */
  patienceMs: number;
}

const defaults = { interval: 30_000, timeout: 30_000, retries: 3 };
/** Without a check of its own a service has so long to open its port. */
const plainPatienceMs = 60_000;
/** What has no port and no check is healthy when it is still there after so long. */
const aliveMs = 1_000;

export function planHealth(service: Service, port: number | null): HealthPlan {
  const check = service.healthcheck;
  const plain = { everyMs: 100, timeoutMs: 5_000, patienceMs: plainPatienceMs };
  const isOff = check?.disable === true || (Array.isArray(check?.test) && check.test[0] === "NONE");
  if (!check || isOff || (check.http === undefined && check.test === undefined))
    return port === null || isOff
      ? { kind: "alive", ...plain, patienceMs: aliveMs }
      : { kind: "tcp", ...plain };
  const interval = composeDuration(check.interval) ?? defaults.interval;
  const times = {
    everyMs: Math.min(interval, 500),
    timeoutMs: composeDuration(check.timeout) ?? defaults.timeout,
    patienceMs: (composeDuration(check.start_period) ?? 0) + interval * (check.retries ?? defaults.retries),
  };
  if (check.http !== undefined) return { kind: "http", path: check.http, ...times };
  return { kind: "command", command: commandOf(check.test!), ...times };
}

function commandOf(test: NonNullable<Healthcheck["test"]>): string | string[] {
  if (typeof test === "string") return test;
  const [form, ...rest] = test;
  if (form === "CMD-SHELL") return rest.join(" ");
  return form === "CMD" ? rest : test;
}

/** As Compose writes it: `1m30s`, `500ms`, `10s`. */
export function composeDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const units: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/([\d.]+)(us|ms|s|m|h)/g)];
  return parts.length === 0
    ? undefined
    : parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit!]!, 0);
}

/** Undefined when it answers with 2xx; else what it does instead. */
export function askHttp(port: number, path: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false, timeout: timeoutMs }, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? 0;
      resolve(status >= 200 && status < 300 ? undefined : `GET ${path} answered ${status}`);
    });
    asked.once("timeout", () => asked.destroy(new Error(`GET ${path} took longer than ${timeoutMs} ms`)));
    asked.once("error", (error) => resolve(messageOf(error)));
    asked.end();
  });
}

export function askTcp(port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: timeoutMs });
    const end = (reason?: string) => {
      socket.destroy();
      resolve(reason);
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end(`nothing listens on PORT ${port}`));
    socket.once("error", () => end(`nothing listens on PORT ${port}`));
  });
}
