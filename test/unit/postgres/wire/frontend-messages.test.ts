import { describe, expect, it } from "vitest";
import {
  encodeCancelRequest,
  encodeStartup,
  writeBind,
  writeParse,
} from "../../../../src/postgres/wire/frontend-messages.ts";
import { MessageWriter } from "../../../../src/postgres/wire/message-writer.ts";

const hex = (bytes: Buffer) => bytes.toString("hex");

describe("messages to Postgres", () => {
  it("startup names the protocol, then pairs, then ends with a NUL", () => {
    const bytes = encodeStartup({ user: "u", database: "d" });
    expect(bytes.readUInt32BE(0)).toBe(bytes.length);
    expect(bytes.readUInt32BE(4)).toBe(3 << 16);
    expect(bytes.toString("latin1", 8)).toBe("user\0u\0database\0d\0\0");
  });

  it("a cancel request is 16 bytes with process and key", () => {
    expect(hex(encodeCancelRequest(7, -2))).toBe("0000001004d2162e00000007fffffffe");
  });

  it("parse counts bytes, not characters", () => {
    const out = new MessageWriter();
    writeParse(out, "é");
    expect(hex(out.take())).toBe("500000000a00c3a9000000");
  });

  it("bind tells null from the empty text", () => {
    const out = new MessageWriter();
    writeBind(out, [null, "", "x"]);
    expect(hex(out.take())).toBe(
      ["42000000190000000000", "03", "ffffffff", "00000000", "0000000178", "0000"].join(""),
    );
  });

  it("what was taken stays as it is while the writer goes on, and a small writer grows", () => {
    const out = new MessageWriter(4);
    writeParse(out, "a".repeat(100));
    const first = out.take();
    const before = hex(first);
    writeParse(out, "b".repeat(5000));
    const second = out.take();
    expect(hex(first)).toBe(before);
    expect(second.readUInt32BE(1)).toBe(second.length - 1);
    expect(second.toString("latin1", 6, 5006)).toBe("b".repeat(5000));
  });
});
