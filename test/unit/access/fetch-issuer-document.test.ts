/** An issuer's address leads the daemon nowhere but to the issuer. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  createIssuerFetch,
  type FetchOptions,
  type ResolvedAddress,
} from "../../../src/access/fetch-issuer-document.ts";
import { jsonAnswer } from "../../support/test-issuer.ts";

const local = { allowLoopback: true, allowPrivate: false };
const strict = { allowLoopback: false, allowPrivate: false };

let server: Server;
let origin: string;
let port: number;
let answer: RequestListener;
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
  origin = `http://127.0.0.1:${port}`;
});
afterEach(() => {
  requests = 0;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const fetchLocal = (url: string, options?: FetchOptions) => createIssuerFetch(local, options)(url);
/** A resolver that answers so, and counts. */
function resolver(...answers: ResolvedAddress[][]) {
  const asked: string[] = [];
  const resolveName = async (host: string) => {
    asked.push(host);
    return answers[Math.min(asked.length, answers.length) - 1]!;
  };
  return { asked, resolveName };
}
const at = (...addresses: string[]): ResolvedAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

describe("a document", () => {
  test("is fetched as JSON, whatever type it says it has", async () => {
    answer = (_request, response) => response.end('{"a":1}');
    await expect(fetchLocal(`${origin}/x`)).resolves.toEqual({ a: 1 });
  });

  test("that redirects is refused, and nobody goes there", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      answer = (_request, response) =>
        response.writeHead(status, { location: `${origin}/other` }).end('{"a":1}');
      await expect(fetchLocal(`${origin}/x`)).rejects.toThrow(`answered ${status}`);
    }
    expect(requests).toBe(5);
  });

  test.each([204, 400, 404, 500])("answered with %d is refused", async (status) => {
    answer = jsonAnswer({ a: 1 }, status);
    await expect(fetchLocal(`${origin}/x`)).rejects.toThrow(`answered ${status}`);
  });

  test("that is no JSON is refused", async () => {
    answer = (_request, response) => response.end("<html></html>");
    await expect(fetchLocal(`${origin}/x`)).rejects.toThrow();
  });

  test("of more than 64 KiB is cut off while it comes", async () => {
    let sent = 0;
    answer = (request, response) => {
      const chunk = " ".repeat(16 * 1024);
      const more = () => {
        while (!request.socket.destroyed && sent < 256 * 1024 * 1024) {
          sent += chunk.length;
          if (!response.write(chunk)) return response.once("drain", more);
        }
      };
      more();
    };
    await expect(fetchLocal(`${origin}/x`)).rejects.toThrow("more than 65536 bytes");
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    answer = (_request, response) => response.end(`${" ".repeat(64 * 1024 - 2)}{}`);
    await expect(fetchLocal(`${origin}/x`)).resolves.toEqual({});
  });

  test("that does not come in time is given up, before or within its body", async () => {
    answer = () => {};
    await expect(fetchLocal(`${origin}/x`, { timeoutMs: 100 })).rejects.toThrow("within 100 ms");
    answer = (_request, response) => {
      response.write("{");
    };
    await expect(fetchLocal(`${origin}/x`, { timeoutMs: 100 })).rejects.toThrow("within 100 ms");
    const never = () => new Promise<never>(() => {});
    await expect(fetchLocal("http://a.localhost/x", { timeoutMs: 100, resolveName: never })).rejects.toThrow(
      "within 100 ms",
    );
  });

  test("that breaks off is refused", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{}");
      setImmediate(() => response.destroy());
    };
    await expect(fetchLocal(`${origin}/x`)).rejects.toThrow();
  });
});

describe("a name", () => {
  test.each([
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "172.20.0.1",
    "192.168.1.1",
    "100.64.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.251",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "fe80::1",
    "fd00::1",
    "64:ff9b::a00:1",
  ])("that resolves to %s is refused before anything is connected", async (address) => {
    const { resolveName } = resolver(at(address));
    const fetchStrict = createIssuerFetch(strict, { resolveName });
    await expect(fetchStrict(`https://auth.example.com:${port}/x`)).rejects.toThrow("no place for an issuer");
    expect(requests).toBe(0);
  });

  test("that resolves to a public and to a private address is refused", async () => {
    const { resolveName } = resolver(at("93.184.216.34", "10.0.0.1"));
    await expect(createIssuerFetch(strict, { resolveName })("https://auth.example.com/x")).rejects.toThrow(
      "10.0.0.1",
    );
  });

  test("that resolves to nothing is refused", async () => {
    const { resolveName } = resolver([]);
    await expect(createIssuerFetch(strict, { resolveName })("https://auth.example.com/x")).rejects.toThrow(
      "no address",
    );
  });

  test("of this machine that resolves elsewhere is refused over http, in a private network too", async () => {
    for (const address of ["10.0.0.1", "169.254.169.254"]) {
      const { resolveName } = resolver(at(address));
      const rules = { allowLoopback: true, allowPrivate: true };
      await expect(createIssuerFetch(rules, { resolveName })("http://a.localhost/x")).rejects.toThrow(
        address,
      );
    }
  });

  test("is looked up once, and the connection goes to the address that was checked", async () => {
    answer = (request, response) => response.end(JSON.stringify({ host: request.headers.host }));
    const { asked, resolveName } = resolver(at("127.0.0.1"), at("10.0.0.1"));
    const host = `rebinds.localhost:${port}`;
    await expect(fetchLocal(`http://${host}/x`, { resolveName })).resolves.toEqual({ host });
    expect(asked).toEqual(["rebinds.localhost"]);
    await expect(fetchLocal(`http://${host}/x`, { resolveName })).rejects.toThrow("10.0.0.1");
    expect(requests).toBe(1);
  });
});

test("an address that no issuer may have is refused without a look-up", async () => {
  const { asked, resolveName } = resolver(at("93.184.216.34"));
  const fetchStrict = createIssuerFetch(strict, { resolveName });
  for (const url of [`${origin}/x`, "http://auth.example.com/x", "https://[::1]/x", "file:///etc/passwd"]) {
    await expect(fetchStrict(url)).rejects.toMatchObject({ code: "Y2012" });
  }
  expect(asked).toEqual([]);
  expect(requests).toBe(0);
});
