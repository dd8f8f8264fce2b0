// The tables. `npm run generate` writes the migration for what has changed here.
import { relations } from "drizzle-orm";
import { index, integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";

export const links = pgTable("links", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  slug: text().notNull().unique(),
  target: text().notNull(),
  hits: integer().notNull().default(0),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
});

export const visits = pgTable(
  "visits",
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    linkId: integer("link_id")
      .notNull()
      .references(() => links.id, { onDelete: "cascade" }),
    referrer: text(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index("visits_by_link").on(table.linkId, table.id)],
);

export const linkRelations = relations(links, ({ many }) => ({ visits: many(visits) }));

export const visitRelations = relations(visits, ({ one }) => ({
  link: one(links, { fields: [visits.linkId], references: [links.id] }),
}));
