/** What goes into a guest's first archive. */
import { describe, expect, it } from "vitest";
import { withoutSignature } from "../../../../src/runtime/microvm/compose-guest.ts";

const mark = "~Module signature appended~\n";

function signed(content: string, signature: string, bytes = signature.length): Buffer {
  const note = Buffer.alloc(12);
  note.writeUInt32BE(bytes, 8);
  return Buffer.concat([Buffer.from(content + signature), note, Buffer.from(mark)]);
}

describe("a module of the kernel's", () => {
  it("loses its signature and nothing else", () => {
    expect(withoutSignature(signed("the module", "by somebody")).toString()).toBe("the module");
  });

  it("stays as it is without one, or with one that cannot be", () => {
    const plain = Buffer.from("the module");
    expect(withoutSignature(plain)).toBe(plain);
    expect(withoutSignature(Buffer.from(mark)).toString()).toBe(mark);
    const impossible = signed("the module", "by somebody", 4_000);
    expect(withoutSignature(impossible)).toBe(impossible);
  });
});
