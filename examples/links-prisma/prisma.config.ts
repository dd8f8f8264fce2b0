import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  // For Prisma's own migrations, which want a session of their own; generating the client needs no database.
  datasource: { url: process.env.DIRECT_URL ?? "" },
});
