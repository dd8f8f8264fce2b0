/** In charge of giving the HTTP server the functions behind the routes that look into a database. */
import type { BrowseIdentity, RowEditRequest } from "@postern/sdk/protocol";
import type { Principal } from "../access/principal.ts";
import { createBrowseService } from "../browse/browse-service.ts";
import { planEdits, renderStatements, rowGone } from "../browse/edit-rows.ts";
import { readDdl, readTableDetail } from "../browse/read-table-detail.ts";
import { findDatabase } from "../databases/find-database.ts";
import { requireReady } from "../databases/require-ready.ts";
import type { BrowseService } from "../http/services/browse-services.ts";
import type { Platform } from "../instances/platform.ts";
import { withAdmin } from "../instances/with-admin.ts";
import type { QueryService, QueryTarget } from "../query/query-service.ts";
import { readRelation } from "../records/read-relation.ts";
import type { RecordService } from "../records/record-service.ts";
import type { DatabaseRow } from "../state/databases.ts";
import { claimsOf } from "./row-security-services.ts";

export function browseServices(
  platform: Platform,
  query: Pick<QueryService, "execute" | "stream">,
  records: Pick<RecordService, "runTogether">,
): BrowseService {
  const browse = createBrowseService(query);
  const find = async (principal: Principal, ref: string): Promise<DatabaseRow> =>
    requireReady(await findDatabase(platform.state, principal, ref));
  const ownerOf = async (principal: Principal, ref: string): Promise<QueryTarget> => ({
    databaseId: (await find(principal, ref)).id,
    readOnly: true,
  });

  const targetOf = (owner: QueryTarget, identity: BrowseIdentity | undefined): QueryTarget => {
    if (identity === undefined) return owner;
    const claims = claimsOf(identity, Math.floor(platform.clock.now().getTime() / 1000));
    return { kind: "client", databaseId: owner.databaseId, claims };
  };

  const inDatabase = async <Result>(
    principal: Principal,
    ref: string,
    work: (client: Parameters<typeof readDdl>[0], owner: string) => Promise<Result>,
  ): Promise<Result> => {
    const row = await find(principal, ref);
    return withAdmin(platform, row.instance_id!, row.database_name, (client) => work(client, row.role_name));
  };

  const relationOf = async (principal: Principal, { ref, table }: { ref: string } & RowEditRequest) =>
    inDatabase(principal, ref, (client) =>
      readRelation(async (sql, params) => {
        const { rows } = await client.query<unknown[]>({ text: sql, values: params, rowMode: "array" });
        return (rows[0]?.[0] as string | null) ?? undefined;
      }, `${table.schema}.${table.name}`),
    );

  return {
    catalog: async (principal, { ref }, options) => browse.catalog(await ownerOf(principal, ref), options),
    table: (principal, { ref, ...table }) =>
      inDatabase(principal, ref, (client, owner) => readTableDetail(client, owner, table)),
    ddl: async (principal, { ref }) => ({ ddl: await inDatabase(principal, ref, readDdl) }),
    async rows(principal, { ref, ...input }, options) {
      const owner = await ownerOf(principal, ref);
      return browse.rows(owner, targetOf(owner, input.as), input, options);
    },
    async count(principal, { ref, ...input }, options) {
      const owner = await ownerOf(principal, ref);
      return browse.count(owner, targetOf(owner, input.as), input, options);
    },
    async cell(principal, { ref, ...input }, options) {
      const owner = await ownerOf(principal, ref);
      return browse.cell(owner, targetOf(owner, input.as), input, options);
    },
    async export(principal, { ref, ...input }, sink, options) {
      const owner = await ownerOf(principal, ref);
      return browse.export(owner, targetOf(owner, input.as), input, sink, options);
    },
    async preview(principal, input) {
      const relation = await relationOf(principal, input);
      return { statements: renderStatements(planEdits(input.edits, relation), relation) };
    },
    async edit(principal, input, { requestId, signal }) {
      const row = await find(principal, input.ref);
      const queries = planEdits(input.edits, await relationOf(principal, input));
      let written = 0;
      const check = (rows: readonly unknown[], index: number) => {
        if (rows.length !== 1) throw rowGone(input.table, index + 1);
        written += 1;
      };
      await records.runTogether({ databaseId: row.id }, queries, check, { requestId, signal });
      return { rows: written, request_id: requestId };
    },
  };
}
