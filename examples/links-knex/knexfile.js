// For the command line of Knex. Migrations take the direct URL: they may change settings of their session.
export default {
  client: "pg",
  connection: process.env.DIRECT_URL,
  migrations: { directory: "migrations", loadExtensions: [".js"] },
};
