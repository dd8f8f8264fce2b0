/** Messages to the webhook: signed, tried again, and never in the way for long. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readWebhook } from "../../../src/base/read-webhook.ts";
import { sendWebhook } from "../../../src/maintenance/send-webhook.ts";

let server: Server;
let url: string;
let received: { body: string; headers: IncomingHttpHeaders }[];
/** Status of each answer, the last one for all that follow; 0: the connection is broken. */
let answers: number[];

beforeEach(async () => {
  received = [];
  answers = [204];
  server = createServer(async (request, response) => {
    received.push({ body: await text(request), headers: request.headers });
    const status = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (status === 0) response.destroy();
    else response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const event = { event: "backup.overdue", at: "2026-05-02T03:00:00.000Z", database_id: "db-0123456789ab" };
const options = (pausesMs: number[] = [1, 1, 1]) => ({ signal: new AbortController().signal, pausesMs });

test("carry their event, and the signature of their body", async () => {
  await sendWebhook({ url, secret: "hush" }, event, options());
  expect(received).toHaveLength(1);
  expect(JSON.parse(received[0]!.body)).toEqual(event);
  expect(received[0]!.headers["x-postern-signature"]).toBe(
    `sha256=${createHmac("sha256", "hush").update(received[0]!.body).digest("hex")}`,
  );
});

test("have no signature without a secret", async () => {
  await sendWebhook({ url, secret: null }, event, options());
  expect(received[0]!.headers["x-postern-signature"]).toBeUndefined();
});

test("are sent again until they are taken", async () => {
  answers = [500, 0, 200];
  await sendWebhook({ url, secret: null }, event, options());
  expect(received).toHaveLength(3);
});

test("that nobody takes fail in the end, and say what was answered", async () => {
  answers = [503];
  await expect(sendWebhook({ url, secret: null }, event, options())).rejects.toMatchObject({
    code: "Y4001",
    detail: expect.stringContaining("it answered 503"),
  });
  expect(received).toHaveLength(4);
});

test("follow nobody elsewhere", async () => {
  answers = [302];
  await expect(sendWebhook({ url, secret: "hush" }, event, options([]))).rejects.toMatchObject({
    code: "Y4001",
  });
  expect(received).toHaveLength(1);
});

test("end with the daemon", async () => {
  answers = [500];
  const stopping = new AbortController();
  const sending = sendWebhook({ url, secret: null }, event, { signal: stopping.signal, pausesMs: [60_000] });
  stopping.abort();
  await expect(sending).rejects.toMatchObject({ code: "Y4001" });
});

test("go nowhere else than to an http address", () => {
  expect(readWebhook({})).toBeNull();
  expect(readWebhook({ POSTERN_WEBHOOK_URL: "https://a.example/x" })).toEqual({
    url: "https://a.example/x",
    secret: null,
  });
  expect(() => readWebhook({ POSTERN_WEBHOOK_URL: "file:///etc/passwd" })).toThrow(
    expect.objectContaining({ code: "Y0001" }),
  );
});
