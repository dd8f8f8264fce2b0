import { describe, expect, it } from "vitest";
import { parseControlUrl } from "../../../src/daemon/gateway/control-endpoint.ts";

describe("the address of a control plane", () => {
  it("is https, or http on this machine", () => {
    for (const url of [
      "https://postern.example.com",
      "https://10.0.0.1:5480/",
      "http://127.0.0.1:5480",
      "http://[::1]:1",
    ])
      expect(parseControlUrl(url, false).origin).toBe(url.replace(/\/$/, ""));
  });

  it("is refused in the clear elsewhere, unless that is asked for", () => {
    expect(() => parseControlUrl("http://10.0.0.1:5480", false)).toThrow("not encrypted");
    expect(parseControlUrl("http://10.0.0.1:5480", true).port).toBe("5480");
  });

  it.each(["", "postern", "ftp://a", "https://a/path", "https://user:secret@a", "https://a?x=1"])(
    "is not %j",
    (text) => {
      expect(() => parseControlUrl(text, true)).toThrow(expect.objectContaining({ code: "Y8052" }));
    },
  );
});
