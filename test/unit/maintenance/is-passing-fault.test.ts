/** Which faults an operation waits out. */
import { describe, expect, it } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { isPassingFault } from "../../../src/maintenance/is-passing-fault.ts";

const withCode = (code: string, message: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

describe("a fault passes", () => {
  it.each([
    withCode("57P03", "the database system is starting up"),
    withCode("ENOENT", "connect ENOENT", { syscall: "connect" }),
    posternError("Y4001", "The database's server does not answer."),
    withCode("XX000", "tuple concurrently updated"),
    withCode("XX000", "tuple concurrently deleted"),
    new Error("Connection terminated unexpectedly"),
  ])("when it is %s", (error) => {
    expect(isPassingFault(error)).toBe(true);
  });
});

describe("a fault stays", () => {
  it.each([
    withCode("XX000", "cache lookup failed for type 17"),
    withCode("ENOENT", "open ENOENT", { syscall: "open" }),
    withCode("42P01", "relation does not exist"),
    posternError("Y3001", "There is no database."),
  ])("when it is %s", (error) => {
    expect(isPassingFault(error)).toBe(false);
  });
});
