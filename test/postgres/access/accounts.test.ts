import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  ensureAdminAccount,
  issueAdminKey,
  logIn,
  logOut,
  registerAccount,
  whoAmI,
} from "../../../src/access/accounts.ts";
import { Authenticator } from "../../../src/access/authenticate.ts";
import type { AccountPrincipal } from "../../../src/access/principal.ts";
import { startTestState, type TestState } from "../../support/test-state.ts";

let server: TestState;
let state: TestState["state"];

beforeAll(async () => {
  server = await startTestState();
  state = server.state;
});
beforeEach(() => server.clear());
afterAll(() => server.close());

const authenticate = (key: string): Promise<AccountPrincipal> =>
  new Authenticator(state).authenticateKey(key);
const grace = { username: "grace", password: "12345678" };
const register = (input = grace, registration: "open" | "closed" = "open") =>
  registerAccount({ state, config: { registration } }, undefined, input);

describe("registering", () => {
  test("makes a member whose password can log in", async () => {
    expect(await register()).toMatchObject({ username: "grace", role: "member" });
    const { api_key, account } = await logIn({ state }, grace);
    expect(account.username).toBe("grace");
    expect(await authenticate(api_key)).toMatchObject({ accountId: account.id, role: "member" });
  });

  test("stores neither the password nor the key", async () => {
    await register();
    const { api_key } = await logIn({ state }, grace);
    const { rows } = await state.query("select a::text, k::text from accounts a, api_keys k");
    expect(JSON.stringify(rows)).not.toContain(grace.password);
    expect(JSON.stringify(rows)).not.toContain(api_key.slice(3));
  });

  test("a name that is taken is Y2004", async () => {
    await register();
    await expect(register({ username: "grace", password: "another one" })).rejects.toMatchObject({
      code: "Y2004",
    });
  });

  test("one name at the same moment goes to one of two", async () => {
    const ends = await Promise.allSettled([register(), register()]);
    expect(ends.map((end) => end.status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test.each(["ab", "x".repeat(17), "Grace", "gr ace", "gr-ace", "", "gra\u0000ce", "gr\u00e4ce"])(
    "the username %j is Y2007",
    async (username) => {
      await expect(register({ username, password: "12345678" })).rejects.toMatchObject({ code: "Y2007" });
    },
  );

  test("a password of 7 characters is Y2006", async () => {
    await expect(register({ username: "grace", password: "1234567" })).rejects.toMatchObject({
      code: "Y2006",
    });
  });

  test("where it is closed, is Y2001 for strangers, Y2003 for members, and allowed to administrators", async () => {
    const context = { state, config: { registration: "closed" } } as const;
    const input = { username: "ada_l", password: "12345678" };
    await expect(register(input, "closed")).rejects.toMatchObject({ code: "Y2001" });
    await register();
    const member = await authenticate((await logIn({ state }, grace)).api_key);
    await expect(registerAccount(context, member, input)).rejects.toMatchObject({ code: "Y2003" });
    const admin = await authenticate((await ensureAdminAccount({ state }))!);
    expect(await registerAccount(context, admin, input)).toMatchObject({ username: "ada_l", role: "member" });
  });
});

describe("logging in", () => {
  test("answers a wrong password, an unknown name and an impossible one alike: Y2005", async () => {
    await register();
    const failures = await Promise.all(
      [
        { username: "grace", password: "wrong" },
        { username: "nobody", password: "wrong" },
        { username: "no\u0000body", password: "wrong" },
        { username: "GRACE", password: grace.password },
      ].map((input) => logIn({ state }, input).catch((error: unknown) => error)),
    );
    expect(failures).toHaveLength(4);
    for (const failure of failures) {
      expect(failure).toMatchObject({ code: "Y2005", message: "Username or password is wrong." });
    }
  });

  test("gives a key of its own each time, and logging out revokes that one only", async () => {
    await register();
    const [first, second] = [await logIn({ state }, grace), await logIn({ state }, grace)];
    expect(first.api_key).not.toBe(second.api_key);
    await logOut({ state }, await authenticate(first.api_key));
    await expect(authenticate(first.api_key)).rejects.toMatchObject({ code: "Y2002" });
    expect(await whoAmI({ state }, await authenticate(second.api_key))).toEqual(second.account);
  });
});

describe("the administrator", () => {
  test("is made once, with a key that is told once", async () => {
    const key = await ensureAdminAccount({ state });
    expect(key).toMatch(/^pk_[0-9a-f]{64}$/);
    expect(await authenticate(key!)).toMatchObject({ role: "admin" });
    expect(await ensureAdminAccount({ state })).toBeNull();
  });

  test("has no password to guess", async () => {
    await ensureAdminAccount({ state });
    for (const password of ["", "admin", "null"]) {
      await expect(logIn({ state }, { username: "admin", password })).rejects.toMatchObject({
        code: "Y2005",
      });
    }
  });

  test("can be given another key, beside the first", async () => {
    const first = await ensureAdminAccount({ state });
    const second = await issueAdminKey({ state }, "test");
    expect(second).not.toBe(first);
    expect(await authenticate(first!)).toMatchObject({ role: "admin" });
    expect(await authenticate(second)).toMatchObject({ role: "admin" });
  });
});
