// What can be done with links: the only file that knows the database.
import { randomBytes } from "node:crypto";
import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "./generated/client.ts";

// The pooler shares the server's connections among all clients, so a few are enough here.
const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 5 });
const prisma = new PrismaClient({ adapter });

const shown = { id: true, slug: true, target: true, hits: true } as const;
const newSlug = () => randomBytes(4).toString("hex");

/** Null when the short name is taken. */
export async function addLink(target: string, slug = newSlug()) {
  try {
    return await prisma.link.create({ data: { slug, target }, select: shown });
  } catch (error) {
    if (isKnown(error, "P2002")) return null;
    throw error;
  }
}

/** The newest first, a page at a time: the next page is what comes after this one's last id. */
export async function listLinks({ after, limit }: { after: number | null; limit: number }) {
  const rows = await prisma.link.findMany({
    select: shown,
    ...(after === null ? {} : { where: { id: { lt: after } } }),
    orderBy: { id: "desc" },
    take: limit + 1,
  });
  const links = rows.slice(0, limit);
  return { links, next: rows.length > limit ? links.at(-1)!.id : null };
}

/** With its last ten visits. Null when there is no such link. */
export function showLink(slug: string) {
  return prisma.link.findUnique({
    where: { slug },
    select: {
      ...shown,
      visits: { select: { at: true, referrer: true }, orderBy: { id: "desc" }, take: 10 },
    },
  });
}

/** Counts and writes down one visit: both happen, or neither. Null when there is no such link. */
export async function followLink(slug: string, referrer: string | null): Promise<string | null> {
  try {
    return await prisma.$transaction(async (trx) => {
      const link = await trx.link.update({ where: { slug }, data: { hits: { increment: 1 } } });
      await trx.visit.create({ data: { linkId: link.id, referrer } });
      return link.target;
    });
  } catch (error) {
    if (isKnown(error, "P2025")) return null;
    throw error;
  }
}

const isKnown = (error: unknown, code: string): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === code;

export const closeLinks = () => prisma.$disconnect();
