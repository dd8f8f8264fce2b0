/** In charge of `postern db create` and `db provision`. */
import type { CreateDatabaseRequest, CreatedDatabase, DatabaseClass, Isolation } from "@postern/sdk/protocol";
import { hasCode, messageOf, posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import type { CliContext } from "../context.ts";
import { linkProject } from "../link-project.ts";
import { startProgress } from "../progress.ts";
import { findProject } from "../project-file.ts";
import { readLabels } from "../read-labels.ts";
import { renderFields } from "../table.ts";

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const control = await context.account();
  const request = await readRequest(context, input);
  const progress = startProgress(output);
  progress.update(`Creating ${request.name ?? "a database"}`);
  const created = await control.createDatabase(request).finally(() => progress.end());
  const saved = await saveLink(context, input, created);
  const state = created.status === "creating" ? "Creating" : "Created";
  output.success(`${state} database ${created.name}\n`);
  await output.print(created, () =>
    renderFields([
      ["ID", created.id],
      ["Host", created.host],
      ["Token", saved && !input.flag("reveal") ? `${created.token.slice(0, 12)}...` : created.token],
    ]),
  );
  if (saved) output.success("Token saved to .postern/config.json");
  else output.talk("The token is shown only now.");
  return undefined;
};

async function readRequest(context: CliContext, input: CommandInput): Promise<CreateDatabaseRequest> {
  const [named] = input.args;
  const option = input.text("name");
  if (named !== undefined && option !== undefined && named !== option) {
    throw posternError("Y1013", "The database is named twice.", { hint: "Give NAME or --name." });
  }
  const request: CreateDatabaseRequest = {};
  const name = named ?? option;
  if (name !== undefined) request.name = name;
  const tier = input.text("class");
  if (tier !== undefined) request.class = tier as DatabaseClass;
  const isolation = input.text("isolation");
  if (isolation !== undefined) request.isolation = isolation as Isolation;
  const instance = input.text("instance");
  if (instance !== undefined) request.instance = instance;
  const labels = readLabels(input.list("label"));
  if (labels) request.instance_labels = labels;
  const version = input.text("version");
  if (version !== undefined) request.version = version;
  const user = input.text("username");
  if (user !== undefined) {
    request.user = user;
    request.password = await context.prompt.password("Password of the database's owner", {
      variable: "POSTERN_DB_PASSWORD",
      confirm: true,
    });
  }
  return request;
}

/** A folder that is linked to another database that still exists keeps its link, unless --link says otherwise. */
async function saveLink(
  context: CliContext,
  input: CommandInput,
  created: CreatedDatabase,
): Promise<boolean> {
  try {
    const project = await findProject(context.directory);
    if (project && !input.flag("link") && (await exists(context, project.link.database_id))) {
      context.output.warn("This folder stays linked to another database; --link would have changed that.");
      return false;
    }
    await linkProject(context, created, created.token);
    return true;
  } catch (error) {
    // The token must be printed whatever happens: it cannot be read again.
    context.output.warn(`.postern/config.json was not written: ${messageOf(error)}`);
    return false;
  }
}

async function exists(context: CliContext, id: string): Promise<boolean> {
  try {
    const { status } = await (await context.account()).getDatabase(id);
    return status !== "destroyed";
  } catch (error) {
    if (hasCode(error, "Y3001")) return false;
    throw error;
  }
}
