/** A table of drizzle-orm, and two migrations that make it, in the layout that drizzle-kit writes. */
import { integer, jsonb, pgTable, text } from "drizzle-orm/pg-core";

export const people = pgTable("people", {
  id: integer().primaryKey(),
  name: text().notNull(),
  facts: jsonb().$type<{ born?: number }>(),
});

const journal = {
  version: "7",
  dialect: "postgresql",
  entries: [
    { idx: 0, version: "7", when: 1700000000001, tag: "0000_people", breakpoints: true },
    { idx: 1, version: "7", when: 1700000000002, tag: "0001_facts", breakpoints: true },
  ],
};

export const drizzleMigrations: Record<string, string> = {
  "meta/_journal.json": JSON.stringify(journal),
  "0000_people.sql": `create table "people" ("id" integer primary key, "name" text not null);
--> statement-breakpoint
create index "people_by_name" on "people" ("name");`,
  "0001_facts.sql": `alter table "people" add column "facts" jsonb;`,
};
