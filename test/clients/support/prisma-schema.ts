/** A Prisma schema for tests, its tables as SQL, and its client generated without a download. */
import { join } from "node:path";
import { commandFile, type ProjectFolder } from "./project-folder.ts";
import { outputOf } from "./run-program.ts";

const models = `
model Person {
  id    Int    @id @default(autoincrement())
  name  String @unique
  facts Json?
  pets  Pet[]
}

model Pet {
  id      Int    @id @default(autoincrement())
  kind    String
  ownerId Int
  owner   Person @relation(fields: [ownerId], references: [id])
}
`;

const datasource = `datasource db {
  provider = "postgresql"
}
`;

/** For the client of version 7, which finds its database by an adapter. */
const clientSchema = `generator client {
  provider = "prisma-client"
  output   = "./generated"
}

${datasource}${models}`;

export const prismaTables = `
create table "Person" ("id" serial primary key, "name" text not null unique, "facts" jsonb);
create table "Pet" ("id" serial primary key, "kind" text not null, "ownerId" int not null references "Person" ("id"));`;

interface Delegate {
  create(args: object): Promise<Record<string, unknown>>;
  createMany(args: object): Promise<{ count: number }>;
  findMany(args?: object): Promise<Record<string, unknown>[]>;
  findUnique(args: object): Promise<Record<string, unknown> | null>;
  count(): Promise<number>;
}

/** What the tests use of the generated client, whose own types are there only once it is generated. */
export interface PrismaClient {
  person: Delegate;
  pet: Delegate;
  $queryRaw(text: TemplateStringsArray, ...values: unknown[]): Promise<unknown>;
  $transaction(work: unknown[]): Promise<unknown[]>;
  $transaction<Result>(work: (tx: PrismaClient) => Promise<Result>, options?: object): Promise<Result>;
  $disconnect(): Promise<void>;
}

export async function generatePrismaClient(
  folder: ProjectFolder,
): Promise<new (options: { adapter: unknown }) => PrismaClient> {
  await folder.write({ "schema.prisma": clientSchema });
  await outputOf(
    process.execPath,
    [commandFile("prisma/build/index.js"), "generate", "--schema", "schema.prisma"],
    {
      cwd: folder.path,
      // Any program will do: generating asks the engine nothing, and must not download one.
      environment: { PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" },
    },
  );
  const { PrismaClient } = await import(join(folder.path, "generated/client.ts"));
  return PrismaClient;
}

/** For the command line of version 6, which needs no engine when its configuration gives it an adapter. */
export const commandSchema = (extra = "") => `generator client {
  provider   = "prisma-client"
  output     = "./generated"
  engineType = "client"
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}
${models}${extra}`;
