import { expect, test } from "vitest";
import { AnswerReader } from "../../../bench/load/answer-reader.ts";

const sized = (body: string, status = "200 OK") =>
  `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const chunked = (...chunks: string[]) =>
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;

/** Which pushes ended an answer. */
const endsOf = (reader: AnswerReader, pieces: readonly string[]): boolean[] =>
  pieces.map((piece) => reader.push(Buffer.from(piece)));

test.each([
  ["with a length", sized("some body")],
  ["without a body", sized("")],
  ["in chunks", chunked("first", "a second one, longer than sixteen bytes", "x")],
  ["in chunks that hold line ends", chunked("0\r\n\r\n", "\r\n")],
])("an answer %s ends at its last byte, wherever it is cut", (_name, answer) => {
  for (let cut = 1; cut < answer.length; cut++) {
    const reader = new AnswerReader();
    expect(endsOf(reader, [answer.slice(0, cut), answer.slice(cut)])).toEqual([false, true]);
  }
  const bytewise = endsOf(new AnswerReader(), [...answer]);
  expect(bytewise.indexOf(true)).toBe(answer.length - 1);
});

test("answers follow each other, alike or not", () => {
  const reader = new AnswerReader();
  const answers = [
    sized("one"),
    sized("two"),
    sized("another"),
    chunked("one"),
    chunked("three"),
    sized("one"),
  ];
  expect(endsOf(reader, answers)).toEqual(answers.map(() => true));
});

test("the status is that of the last answer", () => {
  const reader = new AnswerReader();
  reader.push(Buffer.from(sized("ok")));
  expect(reader.status).toBe(200);
  reader.push(Buffer.from(sized("no", "503 Service Unavailable")));
  expect(reader.status).toBe(503);
});

test("an answer that ends with its connection is refused", () => {
  const reader = new AnswerReader();
  expect(() => reader.push(Buffer.from("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbody"))).toThrow(
    "neither its length",
  );
});
