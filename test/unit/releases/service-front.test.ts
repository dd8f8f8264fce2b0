import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { anyFreePort } from "../../../src/instances/free-port.ts";
import { ServiceFront } from "../../../src/releases/service-front.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(text: string, afterMs = 0): Promise<number> {
  const server: Server = createServer((_request, response) => {
    setTimeout(() => response.end(text), afterMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

async function front(): Promise<ServiceFront> {
  const made = new ServiceFront(await anyFreePort("127.0.0.1"));
  await made.open();
  open.push(made);
  return made;
}

const ask = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.once("end", () => resolve(text));
    }).once("error", reject);
  });

it("leads to whichever process serves now", async () => {
  const made = await front();
  made.leadTo(await serve("one"));
  expect(await ask(made.port)).toBe("one");
  made.leadTo(await serve("two"));
  expect(await ask(made.port)).toBe("two");
});

it("lets a request that is under way end with the process that it began with", async () => {
  const made = await front();
  const slow = await serve("slow", 300);
  made.leadTo(slow);
  const asked = ask(made.port);
  const arrived = await ask(made.port);
  const another = ask(made.port);
  made.leadTo(await serve("two"));
  await made.drain(slow, 5_000);
  expect([arrived, await asked]).toEqual(["slow", "slow"]);
  expect(["slow", "two"]).toContain(await another);
});

it("waits for a process that is just being started again", async () => {
  const made = await front();
  const asked = ask(made.port);
  made.leadTo(await serve("back"));
  expect(await asked).toBe("back");
});

it("while it pauses, lets who is there have an answer and who comes wait for the next process", async () => {
  const made = await front();
  made.leadTo(await serve("old", 300));
  let answered = false;
  const before = ask(made.port).finally(() => (answered = true));
  await ask(made.port);
  await made.pause();
  expect(answered).toBe(true);
  expect(await before).toBe("old");
  const after = ask(made.port);
  made.leadTo(await serve("new"));
  expect(await after).toBe("new");
});
