/** Where apt gets its packages is read from both of its formats. */
import { describe, expect, it } from "vitest";
import { parseDeb822, parseOneLine } from "../../../src/runtime/apt-source.ts";
import { parseOsRelease } from "../../../src/runtime/toolchain-source.ts";

describe("one-line sources", () => {
  it("give address, suite, components and keyring, and leave out comments and source packages", () => {
    const text = `# a comment
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.example/debian bookworm main contrib # why
deb http://mirror.example/security bookworm-security main
deb-src http://mirror.example/debian bookworm main
`;
    expect(parseOneLine(text)).toEqual([
      {
        uri: "http://mirror.example/debian",
        suite: "bookworm",
        components: ["main", "contrib"],
        signedBy: "/usr/share/keyrings/a.gpg",
      },
      {
        uri: "http://mirror.example/security",
        suite: "bookworm-security",
        components: ["main"],
        signedBy: undefined,
      },
    ]);
  });
});

describe("deb822 sources", () => {
  it("give every suite of every address, and leave out what is disabled", () => {
    const text = `Types: deb
# a comment inside
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/a.gpg

Types: deb deb-src
Enabled: no
URIs: http://other.example/debian
Suites: sid
Components: main
`;
    expect(parseDeb822(text)).toEqual([
      {
        uri: "http://mirror.example/debian",
        suite: "bookworm",
        components: ["main"],
        signedBy: "/usr/share/keyrings/a.gpg",
      },
      {
        uri: "http://mirror.example/debian",
        suite: "bookworm-updates",
        components: ["main"],
        signedBy: "/usr/share/keyrings/a.gpg",
      },
    ]);
  });

  it("with a key inline name no keyring", () => {
    const text =
      "Types: deb\nURIs: http://mirror.example/x\nSuites: s\nComponents: c\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n";
    expect(parseDeb822(text).map((source) => source.signedBy)).toEqual([undefined]);
  });
});

describe("os-release", () => {
  it("tells the distribution and its release, quoted or not", () => {
    expect(parseOsRelease('PRETTY_NAME="X"\nID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n')).toEqual({
      ids: ["ubuntu", "debian"],
      codename: "noble",
    });
    expect(parseOsRelease('ID="debian"\nVERSION_CODENAME="bookworm"\n')).toEqual({
      ids: ["debian"],
      codename: "bookworm",
    });
  });
});
