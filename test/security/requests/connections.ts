/** Connections rather than requests: broken framing, slow senders, many at once, and callers who leave. */
import { expect } from "vitest";
import { expectCalm, within } from "../../support/attack.ts";
import { attackClass, attackIt } from "../../support/attack-count.ts";
import { type Battlefield, type Field, type Outcome, whoAsks } from "../../support/battlefield.ts";
import { dial, drain } from "../../support/http-client.ts";
import { waitUntil } from "../../support/wait-until.ts";

const length = Buffer.byteLength(whoAsks);
/** `^` is the request line; a second request lies hidden in the body of the first. */
const hidden = "POST /v1/databases HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
const framings: [what: string, request: string][] = [
  ["a length and chunks", `^Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["chunks and a length", `^Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${hidden}`],
  ["two lengths", `^Content-Length: ${length}\r\nContent-Length: 0\r\n\r\n${whoAsks}${hidden}`],
  ["two lengths in one", `^Content-Length: ${length}, 0\r\n\r\n${whoAsks}${hidden}`],
  ["a negative length", `^Content-Length: -1\r\n\r\n${hidden}`],
  ["a length in hex", `^Content-Length: 0x10\r\n\r\n${hidden}`],
  ["a length with a plus", `^Content-Length: +${length}\r\n\r\n${whoAsks}`],
  ["chunks of another name", `^Transfer-Encoding: xchunked\r\n\r\n${hidden}`],
  ["chunks twice", `^Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`],
  ["a chunk of no size", `^Transfer-Encoding: chunked\r\n\r\nzz\r\n${hidden}`],
  ["a chunk of a size beyond numbers", `^Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n${hidden}`],
  ["a blank before the colon", `^Content-Length : ${length}\r\n\r\n${whoAsks}`],
  ["a folded header", `^X: a\r\n Content-Length: ${length}\r\nContent-Length\r\n\r\n`],
  ["a line feed alone", `^X: a\nContent-Length: 0\n\n${hidden}`],
  ["a carriage return alone", `^X: a\rContent-Length: 0\r\r${hidden}`],
  ["NUL in a header", `^X: a\0b\r\nContent-Length: 0\r\n\r\n`],
  ["no host", "POST /query HTTP/1.1\r\nContent-Length: 0\r\n\r\n"],
  ["a version that does not exist", "POST /query HTTP/9.9\r\nHost: localhost\r\n\r\n"],
  ["a method that does not exist", "PWN /query HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ["no HTTP", `${"A".repeat(4096)}\r\n\r\n`],
  ["TLS", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"],
  ["Postgres", "\0\0\0\x08\x04\xd2\x16\x2f"],
  ["headers without end", `^X: ${"a".repeat(20_000)}\r\n\r\n`],
  ["two thousand headers", `^${"X: a\r\n".repeat(2_500)}\r\n`],
];

export function misuseConnections(battlefield: () => Battlefield): void {
  attackClass("Misusing connections", ["over HTTP"], () => {
    const field = () => battlefield().fields.shared;
    for (const [what, request] of framings) {
      attackIt(what, async () => {
        const line = `POST /v1/db/${field().id}/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
        const answer = await exchange(battlefield(), request.replace("^", line));
        // One refusal, and nothing of what lies behind it is taken for a request.
        expect(answer.match(/HTTP\/1\.1 \d+/g) ?? [], answer).toHaveLength(1);
        expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
        expect((await field().ask("anon", "select 1 as a")).status).toBe(200);
      });
    }

    attackIt(
      "fifty who never end their headers are sent away, and keep nobody from being served",
      async () => {
        const sockets = await Promise.all(Array.from({ length: 50 }, () => dial(portOf(battlefield()))));
        for (const socket of sockets) socket.write("POST /query HTTP/1.1\r\nHost: localhost\r\nX-A: ");
        const ends = Promise.all(sockets.map(drain));
        expect((await field().ask("bob", "select 1 as a")).status).toBe(200);
        for (const text of await ends) expect(text).toMatch(/^HTTP\/1\.1 408 /);
      },
    );

    attackIt("two hundred idle connections keep nobody from being served", async () => {
      const sockets = await Promise.all(Array.from({ length: 200 }, () => dial(portOf(battlefield()))));
      expect((await field().ask("bob", "select 1 as a")).status).toBe(200);
      expect((await field().ask("owner", "select 1 as a")).status).toBe(200);
      for (const socket of sockets) socket.destroy();
    });

    attackIt("forty requests behind each other on one connection are answered in their order", async () => {
      const token = await battlefield().tokenOf("alice");
      const requests = Array.from({ length: 40 }, (_, n) => {
        const body = JSON.stringify({ sql: `select ${n} as n, auth.uid() as uid` });
        const who = n % 2 === 0 ? `Authorization: Bearer ${token}\r\n` : "";
        const last = n === 39 ? "Connection: close\r\n" : "";
        return `POST /v1/db/${field().id}/query HTTP/1.1\r\nHost: localhost\r\n${who}${last}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      });
      const text = await exchange(battlefield(), requests.join(""));
      const rows = [...text.matchAll(/"rows":\[(\{[^}]*\})\]/g)].map(([, row]) => JSON.parse(row!));
      const refused = [...text.matchAll(/"code":"Y1018"/g)].length;
      expect(rows.length + refused).toBe(40);
      for (const { n, uid } of rows) expect(uid).toBe(n % 2 === 0 ? "alice" : null);
    });

    attackIt("a fifth request at a time is refused, and others' are not", async () => {
      const five = Array.from({ length: 9 }, () => field().ask("alice", "select endless()"));
      const nine = await Promise.all([
        ...five,
        field().ask("bob", "select 1 as a"),
        field().ask("owner", "select 1 as a"),
      ]);
      const codes = nine.map(({ body }) => body.code ?? "served");
      expect(codes.filter((code) => code === "Y1018")).toHaveLength(5);
      expect(codes.slice(-2)).toEqual(["served", "served"]);
    });

    attackIt("users who take all of the users' sessions take none of anon's or the owner's", async () => {
      const users = Array.from({ length: 8 }, (_, n) => field().ask(`hog-${n}`, "select endless()"));
      await waitUntil("they have them", async () => (await busySessions(field())) >= 4);
      expect((await field().ask("anon", "select 1 as a")).status).toBe(200);
      expect((await field().ask("owner", "select 1 as a")).status).toBe(200);
      const waiting = await field().ask("bob", "select 1 as a");
      expect([200, 503]).toContain(waiting.status);
      for (const { status } of await Promise.all(users)) expect(status).toBe(504);
    });

    attackIt("who makes his session fail, or copies its failures, ends nobody else's", async () => {
      const failing = [
        "reset role; select auth.attach(E'bob\\x1f{}', 9999999999, repeat('00', 32))",
        "set exit_on_error = on; select 1 / 0",
        "set transaction_timeout = 1; select endless()",
      ];
      const working = ["bob", "carol"].map((who) => field().ask(who, "select endless()"));
      await waitUntil("they run", async () => (await busySessions(field())) >= 2);
      for (const statement of failing)
        expect((await field().ask("alice", within(statement))).status).not.toBe(200);
      for (const { body } of await Promise.all(working)) expect(body.code).toBe("Y1009");
    });

    attackIt("callers who leave take their statements with them", async () => {
      const leaving = Array.from({ length: 12 }, (_, n) => {
        const departure = new AbortController();
        const outcome = field()
          .ask(`gone-${n}`, "select endless()", departure.signal)
          .catch(() => null);
        return { departure, outcome: outcome as Promise<Outcome | null> };
      });
      await waitUntil("some of them run", async () => (await busySessions(field())) >= 1);
      for (const { departure } of leaving) departure.abort();
      await Promise.all(leaving.map(({ outcome }) => outcome));
      await waitUntil("none runs on", async () => (await busySessions(field())) === 0, 3_000);
      await expectCalm(field());
    });
  });
}

const portOf = ({ postern }: Battlefield) => Number(new URL(postern.apiUrl()).port);

/** Sends the bytes and reads until the other side closes, or has said all that it will. */
async function exchange(battlefield: Battlefield, request: string): Promise<string> {
  const socket = await dial(portOf(battlefield));
  socket.on("error", () => {});
  socket.write(Buffer.from(request, "latin1"));
  socket.setTimeout(8_000, () => socket.destroy());
  let text = "";
  socket.setEncoding("utf8").on("data", (more: string) => (text += more));
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

async function busySessions(field: Field): Promise<number> {
  const [row] = await field.lookInside<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where usename ~ '_(authd|anon)$' and backend_xmin is not null",
  );
  return row!.n;
}
