/** Talking to a guest's first program, with a socket that answers as it does. */
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { GuestAgent } from "../../../../src/runtime/microvm/guest-agent.ts";

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

async function openAgent(answer: (line: string, socket: Socket) => void): Promise<GuestAgent> {
  server = createServer((socket) => {
    socket.on("error", () => {});
    createInterface({ input: socket }).on("line", (line) => answer(line, socket));
  });
  await new Promise<void>((resolve) => server!.listen({ host: "127.0.0.1", port: 0 }, resolve));
  const { connect } = await import("node:net");
  const socket = connect(server.address() as { port: number });
  return new GuestAgent(socket);
}

describe("a guest's agent", () => {
  it("hears the answer to each order, with what comes along", async () => {
    const agent = await openAgent((line, socket) => socket.write(`done ${line.split(" ")[0]} 1 2\n`));
    expect(await agent.order("room")).toBe("1 2");
    agent.close();
  });

  it("tells an order that failed", async () => {
    const agent = await openAgent((line, socket) => socket.write(`failed ${line.split(" ")[0]}\n`));
    await expect(agent.order("freeze")).rejects.toMatchObject({
      code: "Y8105",
      detail: "freeze: it failed there",
    });
    agent.close();
  });

  it("takes a late answer to an earlier question for nothing", async () => {
    const asked: string[] = [];
    const agent = await openAgent((line, socket) => {
      asked.push(line.split(" ")[1]!);
      if (asked.length === 2) socket.write(`pong waiting ${asked[0]}\npong ready ${asked[1]}\n`);
    });
    await expect(agent.ping(20)).rejects.toMatchObject({ code: "Y8105" });
    expect(await agent.ping()).toBe("ready");
    agent.close();
  });

  it("hears words that nobody asked for, between answers", async () => {
    const agent = await openAgent((_, socket) => socket.write("ready\nnoise\ndone start\n"));
    const words: string[] = [];
    agent.on("word", (word) => words.push(word));
    await agent.order("start");
    expect(words).toEqual(["ready"]);
    agent.close();
  });

  it("fails what is under way when the guest ends", async () => {
    const agent = await openAgent((_, socket) => socket.destroy());
    await expect(agent.order("start")).rejects.toMatchObject({ code: "Y8105" });
    await expect(agent.order("start")).rejects.toMatchObject({ code: "Y8105" });
  });
});
