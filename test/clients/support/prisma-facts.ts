/** What Prisma's client does with its tables, whichever adapter carries it. */
import { expect, it } from "vitest";
import type { PrismaClient } from "./prisma-schema.ts";

export function describePrismaClient(client: () => PrismaClient): void {
  it("writes nested rows and reads them back", async () => {
    await client().person.create({
      data: { name: "Ada", facts: { born: 1815 }, pets: { create: [{ kind: "cat" }, { kind: "dog" }] } },
    });
    expect(await client().person.findUnique({ where: { name: "Ada" }, include: { pets: true } })).toEqual({
      id: 1,
      name: "Ada",
      facts: { born: 1815 },
      pets: [
        { id: 1, kind: "cat", ownerId: 1 },
        { id: 2, kind: "dog", ownerId: 1 },
      ],
    });
  });

  it("filters, sorts and reads json", async () => {
    await client().person.createMany({ data: [{ name: "Bo" }, { name: "Cy", facts: { born: 1900 } }] });
    const found = await client().person.findMany({
      where: { facts: { path: ["born"], gte: 1900 } },
      select: { name: true },
      orderBy: { id: "desc" },
    });
    expect(found).toEqual([{ name: "Cy" }]);
  });

  it("answers 60 queries at once", async () => {
    const names = await Promise.all(
      Array.from({ length: 60 }, (_, n) => client().person.findUnique({ where: { id: (n % 3) + 1 } })),
    );
    expect(names.map((row) => row?.name)).toEqual(
      Array.from({ length: 60 }, (_, n) => ["Ada", "Bo", "Cy"][n % 3]),
    );
  });

  it("rolls interactive and batched transactions back", async () => {
    const interactive = client().$transaction(
      async (tx) => {
        await tx.pet.create({ data: { kind: "fish", ownerId: 1 } });
        throw new Error("back");
      },
      { isolationLevel: "Serializable" },
    );
    await expect(interactive).rejects.toThrow("back");
    const batched = client().$transaction([
      client().pet.create({ data: { kind: "fish", ownerId: 1 } }),
      client().pet.create({ data: { kind: "fish", ownerId: 999 } }),
    ]);
    await expect(batched).rejects.toMatchObject({ code: "P2003" });
    expect(await client().pet.count()).toBe(2);
  });

  it("names a broken constraint as P2002", async () => {
    await expect(client().person.create({ data: { name: "Ada" } })).rejects.toMatchObject({ code: "P2002" });
  });

  it("binds parameters of raw queries", async () => {
    expect(await client().$queryRaw`select ${41}::int + 1 as n`).toEqual([{ n: 42 }]);
  });
}
