import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { scramVerifier } from "../../../src/base/secrets.ts";
import { createScramClient, verifyPassword } from "../../../src/postgres/scram.ts";

const verifierOf = (password: string, iterations: number) => {
  const salt = Buffer.alloc(16, 7);
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
};

describe("verifyPassword", () => {
  test("tells the right password from others", async () => {
    const verifier = await scramVerifier("geheim");
    expect(await verifyPassword("geheim", verifier)).toBe(true);
    expect(await verifyPassword("geheim ", verifier)).toBe(false);
    expect(await verifyPassword("", verifier)).toBe(false);
  });

  test("takes the iterations of the verifier, up to a limit", async () => {
    expect(await verifyPassword("x", verifierOf("x", 1))).toBe(true);
    expect(await verifyPassword("x", verifierOf("x", 20_000))).toBe(true);
    const greedy = verifierOf("x", 1).replace("$1:", "$4000000000:");
    const startedAt = performance.now();
    expect(await verifyPassword("x", greedy)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  test.each([
    ["a space that is not ASCII", "a\u00a0b", "a b"],
    ["a soft hyphen", "a\u00adb", "ab"],
    ["a compatible form", "\ufb01", "fi"],
    ["a letter with a separate accent", "e\u0301", "\u00e9"],
  ])("prepares the password as Postgres does: %s", async (_what, given, prepared) => {
    expect(await verifyPassword(given, verifierOf(prepared, 1))).toBe(true);
  });

  test.each(["", `md5${"0".repeat(32)}`, "plain", "SCRAM-SHA-256$0:AAAA$", "SCRAM-SHA-1$1:AA==$AA==:AA=="])(
    "lets nobody in by %j, which is no verifier",
    async (verifier) => {
      expect(await verifyPassword(verifier, verifier)).toBe(false);
    },
  );
});

describe("createScramClient", () => {
  // RFC 7677, section 3, with the empty name that Postgres's clients send.
  const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  const serverFirst = `r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=${salt},i=4096`;

  test("proves that it knows the password, and hears whether the server does", async () => {
    const client = createScramClient("pencil", "rOprNGfwEbeRWgbNEkqO");
    expect(client.first).toBe("n,,n=,r=rOprNGfwEbeRWgbNEkqO");
    const final = await client.answer(serverFirst);
    const [withoutProof, proof] = final.split(",p=") as [string, string];
    expect(withoutProof).toBe("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    // The server's side of it.
    const salted = pbkdf2Sync("pencil", Buffer.from(salt, "base64"), 4096, 32, "sha256");
    const hmac = (key: Buffer, text: string) => createHmac("sha256", key).update(text).digest();
    const signed = `n=,r=rOprNGfwEbeRWgbNEkqO,${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, "Client Key");
    const signature = hmac(createHash("sha256").update(clientKey).digest(), signed);
    const shown = Buffer.from(proof, "base64").map((byte, index) => byte ^ signature[index]!);
    expect(Buffer.from(shown).equals(clientKey)).toBe(true);
    expect(client.isProof(`v=${hmac(hmac(salted, "Server Key"), signed).toString("base64")}`)).toBe(true);
    expect(client.isProof(`v=${Buffer.alloc(32).toString("base64")}`)).toBe(false);
  });

  test.each([
    ["another nonce", "r=other,s=AAAA,i=4096"],
    ["its own nonce back", "r=mine,s=AAAA,i=4096"],
    ["no salt", "r=mine+theirs,i=4096"],
    ["too many iterations", "r=mine+theirs,s=AAAA,i=4000000000"],
    ["no iterations", "r=mine+theirs,s=AAAA,i=0"],
  ])("refuses a server that sends %s", async (_what, message) => {
    await expect(createScramClient("x", "mine").answer(message)).rejects.toThrow(/SCRAM/);
  });

  test("takes nothing for a proof before it has answered", () => {
    expect(createScramClient("x").isProof("v=")).toBe(false);
  });
});
