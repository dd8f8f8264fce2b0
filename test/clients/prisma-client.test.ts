/** Prisma's client 7 over its adapter for node-postgres. */
import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll } from "vitest";
import { rowsOf } from "../support/session.ts";
import { describePrismaClient } from "./support/prisma-facts.ts";
import { generatePrismaClient, type PrismaClient, prismaTables } from "./support/prisma-schema.ts";
import { useProjectFolder } from "./support/project-folder.ts";
import { describeEachWay } from "./support/ways.ts";

describeEachWay("Prisma's client", (target) => {
  const folder = useProjectFolder();
  let prisma: PrismaClient;
  beforeAll(async () => {
    const Client = await generatePrismaClient(folder());
    // The pooled one as PRISMA_DATABASE_URL has it.
    const suffix = target().path === "pooled" ? "?pgbouncer=true&connection_limit=1" : "";
    prisma = new Client({ adapter: new PrismaPg({ connectionString: target().url + suffix }) });
    await rowsOf(target().url, prismaTables);
  });
  afterAll(() => prisma?.$disconnect());

  describePrismaClient(() => prisma);
});
