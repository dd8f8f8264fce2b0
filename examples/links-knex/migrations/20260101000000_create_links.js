export const up = (knex) =>
  knex.schema.createTable("links", (table) => {
    table.increments("id");
    table.text("slug").notNullable().unique();
    table.text("target").notNullable();
    table.integer("hits").notNullable().defaultTo(0);
    table.timestamp("created_at").notNullable().defaultTo(knex.fn.now());
  });

export const down = (knex) => knex.schema.dropTable("links");
