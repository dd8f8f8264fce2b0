/** In charge of how an environment looks to people. */
import type { EnvironmentInfo } from "@postern/sdk/protocol";
import { formatTime } from "./format.ts";
import { renderFields } from "./table.ts";

export const renderEnvironment = (environment: EnvironmentInfo): string =>
  renderFields([
    ["Name", environment.name],
    ["Project", `${environment.project} (${environment.project_id})`],
    ["Protected", environment.protected ? "yes: what destroys its data wants --confirm" : "no"],
    ["Applied", environment.applied_at === null ? "never" : formatTime(environment.applied_at)],
    ...environment.services.map(({ service, database, in_manifest }): [string, string] => [
      service,
      `${database.name}  ${database.status}  ${database.class}  ${database.id}${in_manifest ? "" : "  (not in the manifest any more)"}`,
    ]),
  ]);
