/** In charge of `postern db branch create`. */
import type { CreateBranchRequest, CreatedBranch } from "@postern/sdk/protocol";
import { posternError } from "../../base/error.ts";
import type { CommandInput } from "../command-input.ts";
import type { CommandRun } from "../command-spec.ts";
import { formatTime } from "../format.ts";
import { linkProject } from "../link-project.ts";
import { renderFields } from "../table.ts";
import { requireDatabase } from "../target.ts";

export const ways: Record<string, string> = {
  reflink: "blocks shared with the parent's",
  copy: "copied byte by byte: this file system cannot share blocks",
  snapshot: "its disk as the parent's was at that moment",
  dump: "dumped and restored, as both are on a Postgres with others",
};

export const run: CommandRun = async (context, input) => {
  const { output } = context;
  const target = await requireDatabase(context, input, input.args[0]);
  const control = await context.account();
  const accepted = await control.createBranch(target.ref, readRequest(input), { wait: false });
  const operation = await control.getOperation(accepted.operation_id);
  const ended = await context.finish(control, operation, `Branching ${target.ref}`);
  const { way } = ended.result as { way: CreatedBranch["way"] };
  const created: CreatedBranch = {
    ...accepted,
    ...(await control.getDatabase(accepted.id)),
    parent_id: accepted.parent_id,
    way,
  };
  if (input.flag("link")) await linkProject(context, created, created.token);
  output.success(`Branch ${created.name} is ready\n`);
  await output.print(created, () =>
    renderFields([
      ["ID", created.id],
      ["Host", created.host],
      ["Token", created.token],
      ["Data", way && ways[way]],
      ["Expires", created.expires_at && formatTime(created.expires_at)],
    ]),
  );
  output.talk(
    "The token is shown only now. `postern db url` and `postern link` know the branch by its name.",
  );
  return undefined;
};

function readRequest(input: CommandInput): CreateBranchRequest {
  const [, named] = input.args;
  const option = input.text("name");
  if (named !== undefined && option !== undefined && named !== option)
    throw posternError("Y1013", "The branch is named twice.", { hint: "Give NAME or --name." });
  const name = named ?? option;
  const ttl = input.text("ttl");
  return {
    ...(name === undefined ? {} : { name }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(input.flag("backupOnExpiry") ? { backup_on_expiry: true } : {}),
  };
}
