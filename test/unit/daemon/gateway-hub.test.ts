import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DatabaseId } from "../../../src/base/id.ts";
import { GatewayHub } from "../../../src/daemon/gateways/gateway-hub.ts";
import type { GatewayEvent } from "../../../src/daemon/gateways/gateway-messages.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const id = "db-0123456789ab" as DatabaseId;
const rules = { version: "1", domain: "localhost", origins: ["*"] };

function connect(hub: GatewayHub, name: string, tokenId = "gtk-1") {
  const leaving = new AbortController();
  const events = hub.connect({ id: name, tokenId }, rules, leaving.signal, async () => {});
  const order = async () => {
    for (;;) {
      const { value } = (await events.next()) as { value: GatewayEvent };
      if (value.type === "order") return value;
    }
  };
  return { events, leave: () => leaving.abort(), order };
}

/** Has it come to its end? */
function watch(work: Promise<unknown>) {
  const state = { done: false };
  void (async () => {
    await work;
    state.done = true;
  })();
  return state;
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe("gateways that are connected", () => {
  it("are welcomed, and waited for by whoever tells them something", async () => {
    const hub = new GatewayHub();
    const [one, two] = [connect(hub, "gtw-1"), connect(hub, "gtw-2")];
    expect((await one.events.next()).value).toEqual({ type: "welcome", rules });
    await two.events.next();
    const told = watch(hub.order("forgetTokens", id));
    const [first, second] = [await one.order(), await two.order()];
    expect(first).toMatchObject({ what: "forgetTokens", databaseId: id });
    hub.done({ id: "gtw-1", tokenId: "gtk-1" }, [first.id]);
    // Another's word does not count.
    hub.done({ id: "gtw-2", tokenId: "gtk-2" }, [second.id]);
    await settle();
    expect(told.done).toBe(false);
    hub.done({ id: "gtw-2", tokenId: "gtk-1" }, [second.id]);
    await settle();
    expect(told.done).toBe(true);
  });

  it("count as gone when they do not obey, and are not believed to have forgotten before their second is over", async () => {
    const hub = new GatewayHub();
    const one = connect(hub, "gtw-1");
    await one.events.next();
    const told = watch(hub.order("closeDatabase", id));
    await vi.advanceTimersByTimeAsync(4_500);
    expect([told.done, hub.isConnected("gtw-1")]).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(1_300);
    expect(told.done).toBe(true);
  });

  it("that have just gone are waited for until their second is over", async () => {
    const hub = new GatewayHub();
    const one = connect(hub, "gtw-1");
    await one.events.next();
    one.leave();
    const told = watch(hub.order("forgetTokens", id));
    await vi.advanceTimersByTimeAsync(900);
    expect(told.done).toBe(false);
    await vi.advanceTimersByTimeAsync(500);
    expect(told.done).toBe(true);
    await hub.order("forgetTokens", id);
  });

  it("go when their token is revoked, and no others do", async () => {
    const hub = new GatewayHub();
    const [one, two] = [connect(hub, "gtw-1"), connect(hub, "gtw-2", "gtk-2")];
    await one.events.next();
    await two.events.next();
    hub.endToken("gtk-1");
    expect([hub.isConnected("gtw-1"), hub.isConnected("gtw-2")]).toEqual([false, true]);
    expect((await one.events.next()).done).toBe(true);
    two.leave();
  });
});
