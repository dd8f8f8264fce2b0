/** What the SDK sends and what it makes of answers, shown on a plain HTTP server that stands where the daemon does. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@postern/sdk/client";
import { createControl } from "@postern/sdk/control";
import { PosternError } from "@postern/sdk/error";
import type { OperationInfo } from "@postern/sdk/protocol";
import { afterEach, describe, expect, it } from "vitest";

interface Seen {
  route: string;
  authorization: string | undefined;
  body: string;
}

const open: Server[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await stop(server);
});

async function listen(
  answer: (response: ServerResponse, seen: Seen) => void,
  port = 0,
): Promise<{ url: string; server: Server; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const entry = {
      route: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
      body: await readBody(request),
    };
    seen.push(entry);
    answer(response, entry);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  open.push(server);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, seen };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));

const failureOf = async (work: Promise<unknown>): Promise<PosternError> => {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(PosternError);
  return thrown as PosternError;
};

const operation = (status: OperationInfo["status"]): OperationInfo => ({
  id: "op-0123456789ab",
  kind: "create_backup",
  database_id: "db-0123456789ab",
  status,
  steps: [],
  progress: null,
  result: null,
  error: null,
  created_at: "2026-01-01T00:00:00.000Z",
  started_at: null,
  finished_at: null,
});

describe("a request", () => {
  it("carries the API key, and not the token, where both are known", async () => {
    const { url, seen } = await listen((response) => json(response, 200, {}));
    await createControl({ url, apiKey: "pk_1", token: "t" }).getDatabase("shop");
    await createControl({ url, token: "t" }).getDatabase("shop");
    await createControl({ url }).getDatabase("shop");
    expect(seen.map(({ authorization }) => authorization)).toEqual(["Bearer pk_1", "Bearer t", undefined]);
  });

  it("keeps a name with special characters inside its part of the path", async () => {
    const { url, seen } = await listen((response) => json(response, 200, {}));
    await createControl({ url }).getDatabase("../status?x=1#y");
    expect(seen[0]!.route).toBe("GET /v1/databases/..%2Fstatus%3Fx%3D1%23y");
  });

  it("leaves out what was not said", async () => {
    const { url, seen } = await listen((response) => json(response, 200, []));
    const control = createControl({ url: `${url}/` });
    await control.listBackups("shop", { status: undefined, limit: 5 });
    await control.createDatabase({ name: "shop" });
    await control.createDatabase({ name: "shop" }, { wait: false });
    expect(seen.map(({ route }) => route)).toEqual([
      "GET /v1/databases/shop/backups?limit=5",
      "POST /v1/databases",
      "POST /v1/databases?wait=false",
    ]);
    expect(JSON.parse(seen[1]!.body)).toEqual({ name: "shop" });
  });

  it("answers undefined where the server answers nothing", async () => {
    const { url } = await listen((response) => response.writeHead(204).end());
    expect(await createControl({ url, apiKey: "pk_1" }).logOut()).toBeUndefined();
  });
});

describe("a failure", () => {
  it("is the error that the server told, with its HTTP status", async () => {
    const body = {
      code: "42703",
      message: 'column "nmae" does not exist',
      detail: "d",
      hint: "h",
      position: 8,
      statement_index: 1,
      request_id: "req-1",
    };
    const { url } = await listen((response) => json(response, 400, body));
    const error = await failureOf(createClient({ url, token: "t" }).query("select nmae"));
    expect(error.toBody()).toEqual(body);
    expect(error.status).toBe(400);
  });

  it("is Y0005 with `postern up` where nobody listens", async () => {
    const { url, server } = await listen(() => {});
    await stop(server);
    const error = await failureOf(createControl({ url }).status());
    expect(error.code).toBe("Y0005");
    expect(error.message).toContain(url);
    expect(error.hint).toContain("postern up");
  });

  it.each([
    ["an error page", 502, "<html>bad gateway</html>"],
    ["JSON that is no error of Postern's", 404, "{}"],
    ["a success that is not JSON", 200, "<html>hello</html>"],
  ])("is Y0005 for %s: something else answers there", async (_, status, text) => {
    const { url } = await listen((response) => response.writeHead(status).end(text));
    const error = await failureOf(createControl({ url }).status());
    expect(error.code).toBe("Y0005");
    expect(error.message).toContain("does not speak Postern's protocol");
  });

  it("is the caller's own reason when the caller gave up", async () => {
    const { url } = await listen(() => {});
    const reason = new Error("enough");
    const work = createClient({ url, token: "t" }).query("select 1", [], {
      signal: AbortSignal.abort(reason),
    });
    await expect(work).rejects.toBe(reason);
  });
});

describe("watching an operation", () => {
  it("tells each change once and resolves with a failed operation as with a completed one", async () => {
    const answers = [operation("running"), operation("running"), operation("failed")];
    const { url } = await listen((response) => json(response, 200, answers.shift()));
    const changes: string[] = [];
    const ended = await createControl({ url }).watchOperation("op-0123456789ab", ({ status }) =>
      changes.push(status),
    );
    expect(ended.status).toBe("failed");
    expect(changes).toEqual(["running", "failed"]);
  });

  it("goes on when the daemon goes away and comes back", async () => {
    const first = await listen((response) => json(response, 200, operation("running")));
    const port = Number(new URL(first.url).port);
    let comesBack: Promise<unknown> | undefined;
    const ended = await createControl({ url: first.url }).watchOperation("op-0123456789ab", () => {
      comesBack ??= stop(first.server).then(() =>
        listen((response) => json(response, 200, operation("completed")), port),
      );
    });
    await comesBack;
    expect(ended.status).toBe("completed");
  });

  it("waits while the daemon says that it is not ready", async () => {
    const answers = [
      { status: 503, body: { code: "Y4001", message: "not yet" } },
      { status: 200, body: operation("completed") },
    ];
    const { url, seen } = await listen((response) => {
      const { status, body } = answers.shift()!;
      json(response, status, body);
    });
    expect((await createControl({ url }).watchOperation("op-0123456789ab")).status).toBe("completed");
    expect(seen).toHaveLength(2);
  });

  it("ends at once with an error that waiting does not mend", async () => {
    const { url, seen } = await listen((response) =>
      json(response, 404, { code: "Y3010", message: "There is no such operation." }),
    );
    const error = await failureOf(createControl({ url }).watchOperation("op-0123456789ab"));
    expect(error.code).toBe("Y3010");
    expect(seen).toHaveLength(1);
  });
});

describe("a download", () => {
  it("comes with its size, checksum and a file name without folders", async () => {
    const { url } = await listen((response) =>
      response
        .writeHead(200, {
          "content-length": 3,
          "x-checksum-sha256": "ab12",
          "content-disposition": 'attachment; filename="../../evil"',
        })
        .end("abc"),
    );
    const download = await createControl({ url }).downloadBackup("bkp-01234567");
    expect(await new Response(download.body).text()).toBe("abc");
    expect(download).toMatchObject({ sizeBytes: 3, checksum: "ab12", fileName: "bkp-01234567.dump" });
  });
});
