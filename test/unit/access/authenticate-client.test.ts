/** Client mode lets in whom its issuer vouches for, and anybody as nobody in particular; where it is off it is not there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClientAccess, ClientAuthenticator } from "../../../src/access/authenticate-client.ts";
import { TokenVerifier } from "../../../src/access/token-verifier.ts";
import { type DatabaseId, newDatabaseId } from "../../../src/base/id.ts";
import { startTestIssuer, type TestIssuer } from "../../support/test-issuer.ts";

let issuer: TestIssuer;
const tokens = new TokenVerifier({ rules: { allowLoopback: true, allowPrivate: false } });

beforeAll(async () => {
  issuer = await startTestIssuer();
});
afterAll(() => issuer.close());

function authenticatorOf(access: Record<DatabaseId, ClientAccess | Error>) {
  const state = { nowMs: 0, lookUps: 0 };
  const subject = new ClientAuthenticator({
    tokens,
    nowMs: () => state.nowMs,
    async findClientAccess(databaseId) {
      state.lookUps += 1;
      const found = access[databaseId];
      if (found instanceof Error) throw found;
      return found;
    },
  });
  return { subject, state };
}

const enabled = (): ClientAccess => ({ enabled: true, issuer: issuer.url, audience: null });
const refusalOf = async (work: Promise<unknown>) => {
  const { code, message, hint, detail } = (await work.then(
    () => ({ code: "none" }),
    (error: unknown) => error,
  )) as Record<string, unknown>;
  return { code, message, hint, detail };
};

describe("where client mode is on", () => {
  const id = newDatabaseId();

  test("no token is nobody in particular", async () => {
    const { subject } = authenticatorOf({ [id]: enabled() });
    expect(await subject.authenticate(id, undefined)).toEqual({
      kind: "client",
      databaseId: id,
      claims: null,
    });
  });

  test("a token of its issuer is that user", async () => {
    const { subject } = authenticatorOf({ [id]: enabled() });
    const principal = await subject.authenticate(id, await issuer.sign({ sub: "alice" }));
    expect(principal).toMatchObject({ kind: "client", databaseId: id, claims: { subject: "alice" } });
  });

  test("a bad token is never taken for none", async () => {
    const { subject } = authenticatorOf({ [id]: enabled() });
    for (const token of ["a.b.c", "..", await issuer.sign({ sub: "alice", exp: 1 })]) {
      expect(await refusalOf(subject.authenticate(id, token))).toMatchObject({ code: "Y2010" });
    }
    for (const token of ["", "x", "0".repeat(64), "a.b", "a.b.c.d"]) {
      expect(await refusalOf(subject.authenticate(id, token))).toMatchObject({ code: "Y2002" });
    }
  });

  test("a token for another audience is refused", async () => {
    const { subject } = authenticatorOf({ [id]: { ...enabled(), audience: "app" } });
    await expect(
      subject.authenticate(id, await issuer.sign({ sub: "a", aud: "app" })),
    ).resolves.toBeDefined();
    const refusal = await refusalOf(subject.authenticate(id, await issuer.sign({ sub: "a", aud: "x" })));
    expect(refusal).toMatchObject({ code: "Y2010" });
  });

  test("without an issuer only nobody in particular is let in", async () => {
    const { subject } = authenticatorOf({ [id]: { ...enabled(), issuer: null } });
    expect(await subject.authenticate(id, undefined)).toMatchObject({ claims: null });
    expect(await refusalOf(subject.authenticate(id, await issuer.sign({ sub: "a" })))).toMatchObject({
      code: "Y2002",
    });
  });
});

test("a database where client mode is off is told apart from one that does not exist by nothing", async () => {
  const [off, unknown] = [newDatabaseId(), newDatabaseId()];
  const { subject, state } = authenticatorOf({ [off]: { ...enabled(), enabled: false } });
  for (const token of [undefined, await issuer.sign({ sub: "alice" }), "a.b.c", "x"]) {
    const refusal = await refusalOf(subject.authenticate(off, token));
    expect(refusal.code).toBe(token === undefined ? "Y2001" : "Y2002");
    expect(await refusalOf(subject.authenticate(unknown, token))).toEqual(refusal);
    expect(await refusalOf(subject.authenticate("db-x", token))).toEqual(refusal);
  }
  expect(state.lookUps).toBe(2);
});

describe("what is known of a database", () => {
  const id = newDatabaseId();

  test("is asked for once a second, by requests at the same time too", async () => {
    const { subject, state } = authenticatorOf({ [id]: enabled() });
    await Promise.all([subject.authenticate(id, undefined), subject.authenticate(id, undefined)]);
    state.nowMs = 999;
    await subject.authenticate(id, undefined);
    expect(state.lookUps).toBe(1);
    state.nowMs = 1000;
    await subject.authenticate(id, undefined);
    expect(state.lookUps).toBe(2);
  });

  test("is forgotten on request: an old issuer's tokens open nothing from then on", async () => {
    const access: Record<DatabaseId, ClientAccess> = { [id]: enabled() };
    const { subject } = authenticatorOf(access);
    const token = await issuer.sign({ sub: "alice" });
    await subject.authenticate(id, token);
    const other = await startTestIssuer();
    try {
      access[id] = { ...enabled(), issuer: other.url };
      subject.forget(id);
      expect(await refusalOf(subject.authenticate(id, token))).toMatchObject({ code: "Y2010" });
      access[id] = { ...enabled(), enabled: false };
      subject.forget(id);
      expect(await refusalOf(subject.authenticate(id, token))).toMatchObject({ code: "Y2002" });
    } finally {
      await other.close();
    }
  });

  test("is asked for again after a failed look-up", async () => {
    const access: Record<DatabaseId, ClientAccess | Error> = { [id]: new Error("state is away") };
    const { subject } = authenticatorOf(access);
    await expect(subject.authenticate(id, undefined)).rejects.toThrow("state is away");
    access[id] = enabled();
    await expect(subject.authenticate(id, undefined)).resolves.toMatchObject({ claims: null });
  });
});
