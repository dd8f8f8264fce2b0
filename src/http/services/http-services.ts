/**
 * In charge of naming all that the HTTP server needs from the rest of Postern: plain functions, one for each route, grouped by
 * noun. The daemon composes them; a route parses, authenticates, calls one of these and encodes its answer.
 */
import type {
  AccessService,
  AccountService,
  ClientAccessService,
  CredentialService,
  TokenService,
} from "./access-services.ts";
import type { BackupPolicyService, BackupService, PointInTimeService } from "./backup-services.ts";
import type { BrowseService } from "./browse-services.ts";
import type { ConsoleService } from "./console-services.ts";
import type {
  BranchService,
  DatabaseService,
  MigrationService,
  PauseService,
  ResetService,
  ScaleService,
  UpgradeService,
} from "./database-services.ts";
import type { GatewayService } from "./gateway-services.ts";
import type { InsightService } from "./insight-services.ts";
import type { InspectService } from "./inspect-services.ts";
import type { InstanceService } from "./instance-services.ts";
import type { ProjectService } from "./project-services.ts";
import type { QueryService, RowSecurityService, TunnelService } from "./query-services.ts";
import type { RecordService } from "./record-services.ts";
import type { ReleaseService } from "./release-services.ts";
import type { AuditService, MetricsService, OperationService, StatusService } from "./server-services.ts";
import type { StateService } from "./state-services.ts";

export interface HttpServices {
  audit: AuditService;
  metrics: MetricsService;
  access: AccessService;
  accounts: AccountService;
  console: ConsoleService;
  databases: DatabaseService;
  tokens: TokenService;
  scaling: ScaleService;
  upgrades: UpgradeService;
  credentials: CredentialService;
  branches: BranchService;
  browse: BrowseService;
  pauses: PauseService;
  clientAccess: ClientAccessService;
  migrations: MigrationService;
  reset: ResetService;
  backups: BackupService;
  backupPolicies: BackupPolicyService;
  pointInTime: PointInTimeService;
  operations: OperationService;
  query: QueryService;
  records: RecordService;
  state: StateService;
  tunnel: TunnelService;
  rowSecurity: RowSecurityService;
  insights: InsightService;
  inspect: InspectService;
  instances: InstanceService;
  gateways: GatewayService;
  projects: ProjectService;
  releases: ReleaseService;
  status: StatusService;
}
