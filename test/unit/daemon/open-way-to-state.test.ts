/** What is said of a database that Postern's own tables cannot be in. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../../src/base/config.ts";
import { openWayToState } from "../../../src/daemon/open-way-to-state.ts";

let home: string;
const servers: Server[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "pn-way-"));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rm(home, { recursive: true, force: true }));

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
};
const reported = (name: string, value: string) => message("S", Buffer.from(`${name}\0${value}\0`));

/** Lets everybody in, says what it is, and speaks no TLS. */
async function startGreeter(facts: Record<string, string>): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (bytes.length === 8) return socket.write("N");
      return socket.write(
        Buffer.concat([
          message("R", Buffer.from([0, 0, 0, 0])),
          ...Object.entries(facts).map(([name, value]) => reported(name, value)),
          message("K", Buffer.alloc(8)),
          message("Z", Buffer.from("I")),
        ]),
      );
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as { port: number }).port;
}

const openAt = (url: string) =>
  openWayToState(readConfig({ POSTERN_HOME: home, POSTERN_STATE_URL: url }), {} as never, {} as never);
const urlOf = (port: number, query = "") => `postgres://postern:secret@127.0.0.1:${port}/postern${query}`;

describe("a shared database", () => {
  it("that is too old is refused", async () => {
    const port = await startGreeter({ server_version: "14.11" });
    await expect(openAt(urlOf(port, "?sslmode=disable"))).rejects.toMatchObject({ code: "Y8015" });
  });

  it("that is a standby is refused", async () => {
    const port = await startGreeter({ server_version: "17.2", in_hot_standby: "on" });
    await expect(openAt(urlOf(port, "?sslmode=disable"))).rejects.toMatchObject({ code: "Y8016" });
  });

  it("that does not encrypt is refused unless its URL says that this is meant", async () => {
    const port = await startGreeter({ server_version: "17.2" });
    await expect(openAt(urlOf(port))).rejects.toMatchObject({
      code: "Y8013",
      hint: expect.stringContaining("POSTERN_STATE_CA_FILE"),
    });
  });

  it("whose URL cannot be read is refused, without its password", async () => {
    const refused = openAt("postgres://postern:topsecret@127.0.0.1:5432/postern?sslmode=maybe");
    await expect(refused).rejects.toMatchObject({ code: "Y8010" });
    await refused.catch((error: Error) => expect(JSON.stringify(error)).not.toContain("topsecret"));
    expect(() => readConfig({ POSTERN_HOME: home, POSTERN_STATE_URL: "mysql://a:topsecret@b/c" })).toThrow(
      expect.objectContaining({ code: "Y0001" }),
    );
  });
});
