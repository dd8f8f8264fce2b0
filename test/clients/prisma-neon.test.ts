/** Prisma's client 7 over its adapters for the Neon driver: WebSocket and HTTP. */
import { neonConfig } from "@neondatabase/serverless";
import { PrismaNeon, PrismaNeonHttp } from "@prisma/adapter-neon";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rowsOf } from "../support/session.ts";
import { pointNeon } from "./support/point-neon.ts";
import { describePrismaClient } from "./support/prisma-facts.ts";
import { generatePrismaClient, type PrismaClient, prismaTables } from "./support/prisma-schema.ts";
import { useProjectFolder } from "./support/project-folder.ts";
import { describeEachWay, type Target } from "./support/ways.ts";

function usePrisma(target: () => Target, openAdapter: (url: string) => unknown): () => PrismaClient {
  const folder = useProjectFolder();
  let prisma: PrismaClient;
  beforeAll(async () => {
    pointNeon(neonConfig);
    const Client = await generatePrismaClient(folder());
    prisma = new Client({ adapter: openAdapter(target().url) });
    await rowsOf(target().url, prismaTables);
  });
  afterAll(() => prisma?.$disconnect());
  return () => prisma;
}

describeEachWay(
  "Prisma's client with adapter-neon over a WebSocket",
  (target) => describePrismaClient(usePrisma(target, (url) => new PrismaNeon({ connectionString: url }))),
  ["pooled"],
);

describeEachWay(
  "Prisma's client with adapter-neon over HTTP",
  (target) => {
    const prisma = usePrisma(target, (url) => new PrismaNeonHttp(url, {}));

    it("writes and reads", async () => {
      await prisma().person.create({ data: { name: "Ada", facts: { born: 1815 } } });
      await prisma().pet.createMany({
        data: [
          { kind: "cat", ownerId: 1 },
          { kind: "dog", ownerId: 1 },
        ],
      });
      expect(await prisma().person.findMany({ include: { pets: { select: { kind: true } } } })).toEqual([
        { id: 1, name: "Ada", facts: { born: 1815 }, pets: [{ kind: "cat" }, { kind: "dog" }] },
      ]);
    });

    it("hears of a broken constraint", async () => {
      await expect(prisma().person.create({ data: { name: "Ada" } })).rejects.toThrow(
        /23505|duplicate key|Unique/,
      );
      expect(await prisma().person.count()).toBe(1);
    });

    it("itself has no transactions", async () => {
      await expect(prisma().$transaction(async (tx) => tx.person.count())).rejects.toThrow(/HTTP mode/);
    });
  },
  ["pooled"],
);
