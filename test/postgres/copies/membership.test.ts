/** Control planes over one database, without the daemons around them: places, the leader, orders, locks, and who is at an operation. */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { newControlPlaneId } from "../../../src/base/id.ts";
import { CopyOrders } from "../../../src/copies/copy-orders.ts";
import { Membership } from "../../../src/copies/membership.ts";
import { SharedLock } from "../../../src/copies/shared-lock.ts";
import { insertControlPlane, listControlPlanes } from "../../../src/state/control-planes.ts";
import {
  findOperation,
  finishOperation,
  markOperationStarted,
  rememberInput,
  saveOperationSteps,
} from "../../../src/state/operations.ts";
import { startTestState, type TestState } from "../../support/test-state.ts";
import { waitUntil } from "../../support/wait-until.ts";

let test: TestState;
let connection: pg.ClientConfig;
const open: Membership[] = [];

beforeAll(async () => {
  test = await startTestState();
  const { host, port, user, database } = test.state.pool.options;
  connection = { host, port, user, database } as pg.ClientConfig;
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((membership) => membership.stop()));
  await test.state.query("truncate control_planes, operations");
});
afterAll(() => test.close());

function join(name: string): { membership: Membership; orders: CopyOrders; events: string[] } {
  const facts = { name, version: "1", address: `http://${name}` };
  const membership = new Membership({ state: test.state, connection, facts, observe: () => {} });
  const orders = new CopyOrders(membership, test.state, () => {});
  membership.listen(
    (payload) => orders.hear(payload),
    () => {},
  );
  const events: string[] = [];
  const note = (what: string) => (signal: AbortSignal) => {
    events.push(`${what} begins`);
    signal.addEventListener("abort", () => events.push(`${what} ends`), { once: true });
    return [];
  };
  membership.duringPlace(note("place"));
  membership.whileLeading(note("lead"));
  open.push(membership);
  return { membership, orders, events };
}

/** As a failover of the database does, or a network that is cut. */
const cut = ({ id }: Membership) =>
  test.state.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1", [
    `postern ${id}`,
  ]);

describe("a place", () => {
  it("makes one of several the leader, and another one when that one leaves", async () => {
    const [one, other] = [join("one"), join("other")];
    await one.membership.start();
    await waitUntil("one leads", async () => one.membership.leads);
    await other.membership.start();
    expect((await listControlPlanes(test.state)).map(({ name, leads }) => [name, leads])).toEqual([
      ["one", true],
      ["other", false],
    ]);
    await one.membership.stop();
    expect(one.events).toEqual(["place begins", "lead begins", "lead ends", "place ends"]);
    await waitUntil("the other leads", async () => other.membership.leads);
    expect((await listControlPlanes(test.state)).map(({ name }) => name)).toEqual(["other"]);
  });

  it("is kept over a session that breaks and comes back at once", async () => {
    const { membership, events } = join("one");
    await membership.start();
    const { id } = membership;
    await waitUntil("it leads", async () => membership.leads);
    await cut(membership);
    await waitUntil("it led no more", async () => events.includes("lead ends"));
    await waitUntil("it leads again", async () => membership.leads);
    if (events.includes("place ends")) expect(membership.id).not.toBe(id);
    else expect(membership.id).toBe(id);
  });

  it("is left by one that stood still for too long, and another is taken", async () => {
    const { membership, events } = join("one");
    await membership.start();
    const { id } = membership;
    // Nothing of this process runs meanwhile.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_200);
    const begun = () => events.filter((event) => event === "place begins").length;
    await waitUntil("it has another place", async () => begun() === 2);
    expect(membership.id).not.toBe(id);
    await waitUntil("it leads", async () => membership.leads);
  });

  it("of one that is silent and has no session is given up, once, and its leadership with it", async () => {
    const lost = newControlPlaneId();
    await insertControlPlane(test.state, { id: lost, name: "lost", version: "1", address: "http://lost" });
    const { membership } = join("one");
    await membership.start();
    await waitUntil("it is given up", async () =>
      (await listControlPlanes(test.state)).some(({ id, gone_at }) => id === lost && gone_at !== null),
    );
  });

  it("that the others have given up is left at once, and another is taken", async () => {
    const { membership, events } = join("one");
    await membership.start();
    const { id } = membership;
    await test.state.query("update control_planes set gone_at = now(), is_lost = true where id = $1", [id]);
    const begun = () => events.filter((event) => event === "place begins").length;
    await waitUntil("it has another place", async () => membership.id !== id && begun() === 2);
    expect(events.filter((event) => event.startsWith("place"))).toEqual([
      "place begins",
      "place ends",
      "place begins",
    ]);
  });
});

describe("orders", () => {
  it("are done by all others before they are called done", async () => {
    const [one, other] = [join("one"), join("other")];
    await Promise.all([one.membership.start(), other.membership.start()]);
    const done: unknown[] = [];
    other.orders.obey({ note: (what: string) => done.push(what) });
    await one.orders.tell("note", "here", 30_000);
    expect(done).toEqual(["here"]);
  });

  it("are not what others who are let into the database notify", async () => {
    const [one, other] = [join("one"), join("other")];
    await Promise.all([one.membership.start(), other.membership.start()]);
    const done: unknown[] = [];
    other.orders.obey({ note: (what: string) => done.push(what) });
    for (const payload of ["", "no JSON", "null", "[]", '{"type":"do"}', '{"from":"x","type":"other"}'])
      await test.state.query("select pg_notify('postern_copies', $1)", [payload]);
    await one.orders.tell("note", "after them", 30_000);
    expect(done).toEqual(["after them"]);
  });

  it("wait for one that does not answer no longer than they may", async () => {
    const one = join("one");
    await one.membership.start();
    const silent = { id: newControlPlaneId(), name: "silent", version: "1", address: "http://silent" };
    await insertControlPlane(test.state, silent);
    const startedAt = performance.now();
    await one.orders.tell("note", "here", 300);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(290);
  });
});

describe("what one does at a time", () => {
  it("is done by one control plane at a time", async () => {
    const [one, other] = [new SharedLock(), new SharedLock()];
    for (const lock of [one, other]) lock.share(connection);
    let inside = 0;
    const work = async () => {
      inside += 1;
      expect(inside).toBe(1);
      await test.state.query("select pg_sleep(0.02)");
      inside -= 1;
    };
    await Promise.all([one, other, one, other].map((lock) => lock.run("thing", work)));
  });
});

describe("an operation that another control plane has taken over", () => {
  it("is written by nobody else any more", async () => {
    const id = "op-000000000001" as never;
    await test.state.query("insert into operations (id, kind, input) values ($1, 'any', '{}')", [id]);
    await markOperationStarted(test.state, id, "ctl-old");
    await saveOperationSteps(test.state, id, [], "ctl-old");
    await markOperationStarted(test.state, id, "ctl-new");
    for (const write of [
      () => saveOperationSteps(test.state, id, [], "ctl-old"),
      () => rememberInput(test.state, id, { done: true }, "ctl-old"),
      () => finishOperation(test.state, id, { status: "completed", result: 1 }, "ctl-old"),
    ])
      await expect(write()).rejects.toMatchObject({ code: "Y8034" });
    await finishOperation(test.state, id, { status: "completed", result: 2 }, "ctl-new");
    expect(await findOperation(test.state, id)).toMatchObject({ status: "completed", result: 2, input: {} });
  });
});
