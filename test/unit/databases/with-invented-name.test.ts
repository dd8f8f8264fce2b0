/** Databases without a given name: a made-up name may be taken. */
import { expect, it } from "vitest";
import { posternError } from "../../../src/base/error.ts";
import { withInventedName } from "../../../src/databases/with-invented-name.ts";

const taken = new Set(["a", "b"]);
const take = async (name: string) => {
  if (taken.has(name)) throw posternError("Y3002", `You have a database called "${name}" already.`);
  return name;
};
const invent = (names: string) => {
  const left = [...names];
  return () => left.shift()!;
};

it("makes up another name while the made-up one is taken", async () => {
  expect(await withInventedName(undefined, take, invent("abc"))).toBe("c");
});

it("does not replace a name that was given", async () => {
  await expect(withInventedName("a", take, invent("c"))).rejects.toMatchObject({ code: "Y3002" });
});

it("ends after ten names, and at once for any other fault", async () => {
  await expect(withInventedName(undefined, take, () => "a")).rejects.toMatchObject({ code: "Y3002" });
  const names = invent("cd");
  const failing = async () => {
    throw posternError("Y3007", "The user name is taken.");
  };
  await expect(withInventedName(undefined, failing, names)).rejects.toMatchObject({ code: "Y3007" });
  expect(names()).toBe("d");
});
