/** In charge of how a request names the database of an environment. */
import { z } from "zod";
import { reference } from "./database.ts";

export const environmentDatabasePath = "/projects/:id/envs/:env/db";

export const environmentDatabaseParams = z.object({
  id: reference.describe("Id or name of a project."),
  env: reference.describe("Name of an environment."),
});

export const ofService = z.object({
  service: z.string().optional().describe("Managed service; the only one, or `db`, when absent."),
});
