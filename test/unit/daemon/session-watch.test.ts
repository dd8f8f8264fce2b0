import { describe, expect, it } from "vitest";
import { SessionWatch } from "../../../src/daemon/gateway/sessions/session-watch.ts";

const frame = (type: string, body: Buffer | string = "") => {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeUInt32BE(4 + content.length, 1);
  return Buffer.concat([head, content]);
};
const ready = (status = "I") => frame("Z", status);

function watch() {
  const watched = new SessionWatch(() => {});
  return {
    watched,
    client: (...frames: Buffer[]) => watched.fromClient(Buffer.concat(frames)),
    server: (...frames: Buffer[]) => watched.fromServer(Buffer.concat(frames)),
    isIdle: () => watched.isIdle,
  };
}

function loggedIn() {
  const one = watch();
  one.client(frame("p", "scram"));
  one.server(frame("R", "....."), frame("K", "12345678"), ready());
  return one;
}

describe("a session", () => {
  it("is busy until its login has ended, and keeps what cancels it", () => {
    const one = watch();
    expect(one.isIdle()).toBe(false);
    one.client(frame("p", "scram"));
    one.server(frame("K", "12345678"));
    expect(one.isIdle()).toBe(false);
    one.server(ready());
    expect(one.isIdle()).toBe(true);
    expect(one.watched.key?.toString()).toBe("12345678");
  });

  it("is busy from the first byte of a question to the answer, in whatever pieces they come", () => {
    const one = loggedIn();
    for (const byte of frame("Q", "select 1\0")) {
      one.watched.fromClient(Buffer.from([byte]));
      expect(one.isIdle()).toBe(false);
    }
    for (const byte of Buffer.concat([frame("D", "x".repeat(300)), frame("C", "SELECT 1\0"), ready()])) {
      expect(one.isIdle()).toBe(false);
      one.watched.fromServer(Buffer.from([byte]));
    }
    expect(one.isIdle()).toBe(true);
  });

  it("is busy in a transaction, and idle in one that has failed", () => {
    const one = loggedIn();
    one.client(frame("Q", "begin\0"));
    one.server(ready("T"));
    expect(one.isIdle()).toBe(false);
    one.client(frame("Q", "select 1/0\0"));
    one.server(frame("E", "SERROR\0\0"), ready("E"));
    expect(one.isIdle()).toBe(true);
  });

  it("counts questions that were sent ahead, and those without a Sync", () => {
    const one = loggedIn();
    one.client(frame("Q", "select 1\0"), frame("Q", "select 2\0"));
    one.server(ready());
    expect(one.isIdle()).toBe(false);
    one.server(ready());
    expect(one.isIdle()).toBe(true);
    one.client(frame("P", "..."), frame("B", "..."), frame("E", "..."), frame("H"));
    one.server(frame("1"), frame("2"), frame("C", "x"));
    expect(one.isIdle()).toBe(false);
    one.client(frame("S"));
    one.server(ready());
    expect(one.isIdle()).toBe(true);
  });

  it.each([
    ["simple", [frame("Q", "copy t from stdin\0")], [frame("c")]],
    [
      "extended, with the Sync that the server passes over",
      [frame("P"), frame("B"), frame("E"), frame("S")],
      [frame("c"), frame("S")],
    ],
  ])("ends a copy into the server: %s", (_, ask, end) => {
    const one = loggedIn();
    one.client(...ask);
    one.server(frame("G", "..."));
    one.client(frame("d", "1\n"), ...end);
    expect(one.isIdle()).toBe(false);
    one.server(frame("C", "COPY 1\0"), ready());
    expect(one.isIdle()).toBe(true);
  });
});
