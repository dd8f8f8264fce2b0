export const up = (knex) =>
  knex.schema.createTable("visits", (table) => {
    table.increments("id");
    table.integer("link_id").notNullable().references("links.id").onDelete("cascade");
    table.text("referrer");
    table.timestamp("at").notNullable().defaultTo(knex.fn.now());
    table.index(["link_id", "id"]);
  });

export const down = (knex) => knex.schema.dropTable("visits");
