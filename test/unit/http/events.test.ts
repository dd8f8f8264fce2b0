import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { ask, open } from "../../support/http-client.ts";
import { bearer, type HttpFixture, httpFixture } from "../../support/http-fixture.ts";
import { operation, operationId, token } from "../../support/in-memory-services.ts";

let fixture: HttpFixture | undefined;

async function start() {
  fixture = httpFixture();
  return { ...fixture, port: await fixture.server.listen() };
}

afterEach(() => fixture?.server.close(0));

describe("server-sent events", () => {
  const path = `/v1/operations/${operationId}/events`;

  test("tell each change of an operation until its end", async () => {
    const { port } = await start();
    const answer = await ask({ port, path, headers: bearer(token) });
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    expect(answer.headers["x-request-id"]).toBeDefined();
    const completed = { ...operation, status: "completed" };
    expect(answer.text).toBe(
      [operation, completed].map((value) => `data: ${JSON.stringify(value)}\n\n`).join(""),
    );
  });

  test("arrive as they happen", async () => {
    const { port, services } = await start();
    let next = () => {};
    const turn = new Promise<void>((resolve) => {
      next = resolve;
    });
    services.operations.watch = async function* () {
      yield operation;
      await turn;
    };
    const response = await open({ port, path, headers: bearer(token) });
    const [first] = await once(response, "data");
    expect(String(first)).toBe(`data: ${JSON.stringify(operation)}\n\n`);
    next();
    await once(response.resume(), "end");
  });

  test("of an operation that does not exist are an ordinary 404", async () => {
    const { port, services } = await start();
    services.operations.watch = () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(posternError("Y3010", "There is no such operation.")),
      }),
    });
    const answer = await ask({ port, path, headers: bearer(token) });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toMatchObject({ code: "Y3010" });
  });

  test("end with an error event when watching fails midway", async () => {
    const { port, services, observations } = await start();
    services.operations.watch = async function* () {
      yield operation;
      throw new Error("secret");
    };
    const { text } = await ask({ port, path, headers: bearer(token) });
    expect(text).toMatch(/\n\nevent: error\ndata: \{"code":"Y9001",.*\}\n\n$/);
    expect(text).not.toContain("secret");
    expect(observations).toContainEqual(expect.objectContaining({ type: "fault" }));
  });

  test("stop when the client goes away", async () => {
    const { port, services } = await start();
    const stopped = new Promise<void>((resolve) => {
      services.operations.watch = async function* (_principal, { signal }) {
        yield operation;
        await once(signal, "abort");
        resolve();
      };
    });
    const response = await open({ port, path, headers: bearer(token) });
    await once(response, "data");
    response.destroy();
    await stopped;
  });
});
