/** In charge of the list of all environment variables that a user may set, with what each is for. */

export interface KnownVariable {
  name: string;
  summary: string;
  /** What counts where it is not set. */
  fallback?: string;
  /** Never shown. */
  secret?: boolean;
}

/** Of the command line. */
export const commandVariables: readonly KnownVariable[] = [
  {
    name: "POSTERN_API_URL",
    summary: "address of the control plane; several by commas",
    fallback: "http://127.0.0.1:5480",
  },
  { name: "POSTERN_API_KEY", summary: "key of the account", secret: true },
  { name: "POSTERN_DB", summary: "the database of commands that name none" },
  { name: "POSTERN_ENV", summary: "the environment of commands that name no database" },
  { name: "POSTERN_URL", summary: "the Postgres address of commands that name no database", secret: true },
  { name: "POSTERN_PROJECT", summary: "the project of commands that name none" },
  { name: "POSTERN_PASSWORD", summary: "password of the account, instead of being asked", secret: true },
  { name: "POSTERN_DB_PASSWORD", summary: "password of a new database's user", secret: true },
  {
    name: "POSTERN_INSTANCE_DSN",
    summary: "address of the server to register, with its password",
    secret: true,
  },
  { name: "POSTERN_CA_CERT", summary: "file with the certificate of an authority to trust" },
  { name: "POSTERN_DEBUG", summary: "1: print the stack of unexpected errors" },
  {
    name: "POSTERN_CONFIG_DIR",
    summary: "folder of the user's configuration",
    fallback: "~/.config/postern",
  },
  { name: "DATABASE_TOKEN", summary: "token that goes with --db-id", secret: true },
];

/** Of a gateway, beside those of the daemon that concern HTTP. */
export const gatewayVariables: readonly KnownVariable[] = [
  { name: "POSTERN_CONTROL", summary: "addresses of a gateway's control planes, by commas" },
  { name: "POSTERN_GATEWAY_TOKEN", summary: "token by which they let the gateway in", secret: true },
];

/** Of the daemon: read at `postern up`. */
export const daemonVariables: readonly KnownVariable[] = [
  { name: "POSTERN_HOME", summary: "folder of all state" },
  {
    name: "POSTERN_STATE_URL",
    summary: "database of Postern's own tables, for several control planes",
    secret: true,
  },
  { name: "POSTERN_STATE_CA_FILE", summary: "certificate of the authority that its server's is of" },
  { name: "POSTERN_CONTROL_NAME", summary: "what this control plane is called; else the host's name" },
  {
    name: "POSTERN_MASTER_KEY_FILE",
    summary: "file of the key that seals passwords, the same on every copy",
  },
  { name: "POSTERN_TOOLCHAIN", summary: "auto, private or system", fallback: "auto" },
  { name: "POSTERN_TOOLCHAIN_DIR", summary: "folder of the private Postgres and PgBouncer" },
  { name: "POSTERN_SANDBOX", summary: "servers in sandboxes: auto, on or off", fallback: "auto" },
  { name: "POSTERN_LISTEN", summary: "address to bind to", fallback: "127.0.0.1" },
  { name: "POSTERN_HTTP_PORT", summary: "port of the API; 0: any free one", fallback: "5480" },
  { name: "POSTERN_POOL_PORT", summary: "port of pooled connections", fallback: "6432" },
  { name: "POSTERN_DIRECT_PORT", summary: "port of direct connections", fallback: "5433" },
  { name: "POSTERN_DOMAIN", summary: "databases are at <id>.<domain>", fallback: "localhost" },
  { name: "POSTERN_HOSTS", summary: "further host names that the API answers to" },
  { name: "POSTERN_INSECURE", summary: "1: other machines may come without TLS", fallback: "0" },
  { name: "POSTERN_TLS_CERT", summary: "file of the certificate" },
  { name: "POSTERN_TLS_KEY", summary: "file of its key" },
  { name: "POSTERN_CORS_ORIGINS", summary: "pages that may ask databases open to clients", fallback: "*" },
  { name: "POSTERN_WORKERS", summary: "processes that answer SQL over HTTP; as many as cores, at most 8" },
  { name: "POSTERN_REGISTRATION", summary: "closed or open", fallback: "closed" },
  { name: "POSTERN_PROVISIONING", summary: "on, or off: no new databases", fallback: "on" },
  { name: "POSTERN_SERVICES", summary: "who deploys services: admins, all or off", fallback: "admins" },
  { name: "POSTERN_PRIVATE_ISSUERS", summary: "refused or allowed", fallback: "refused" },
  { name: "POSTERN_OIDC_ISSUER", summary: "whose tokens clients of databases show" },
  { name: "POSTERN_OIDC_AUDIENCE", summary: "for whom such tokens are made out" },
  { name: "POSTERN_RATE_LIMIT", summary: "requests a second / at once; or off", fallback: "100/200" },
  { name: "POSTERN_REQUEST_TIMEOUT", summary: "seconds for a request to arrive", fallback: "30" },
  { name: "POSTERN_READER_TIMEOUT", summary: "seconds that a reader may pause", fallback: "30" },
  { name: "POSTERN_ANSWER_MEMORY", summary: "MiB for answers under way", fallback: "256" },
  { name: "POSTERN_METRICS_PUBLIC", summary: "1: whoever is on this machine reads /metrics", fallback: "0" },
  { name: "POSTERN_LOG_REQUESTS", summary: "1: a line in the log for each request", fallback: "0" },
  { name: "POSTERN_INSIGHTS", summary: "on, or off: nothing is noted of statements", fallback: "on" },
  { name: "POSTERN_SLOW_QUERY_MS", summary: "statements that take longer are slow", fallback: "100" },
  { name: "POSTERN_INSIGHTS_DAYS", summary: "days that what was noted is kept", fallback: "7" },
  {
    name: "OTEL_EXPORTER_OTLP_ENDPOINT",
    summary: "collector of OpenTelemetry that is told of statements",
  },
  { name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", summary: "the same, with the whole path" },
  { name: "OTEL_EXPORTER_OTLP_HEADERS", summary: "what it is sent along: name=value,…", secret: true },
  { name: "POSTERN_PAUSE_AFTER", summary: "idle time until a database sleeps, or off", fallback: "off" },
  { name: "POSTERN_DISK_RESERVE", summary: "free space below which nothing new begins" },
  {
    name: "POSTERN_EPHEMERAL",
    summary: "1: everything may be lost, as in CI; nothing waits for the disk",
    fallback: "0",
  },
  { name: "POSTERN_REQUEST_IDLE", summary: "seconds until an open request is undone", fallback: "10" },
  { name: "POSTERN_STATE_DAYS", summary: "days that changes of rows are kept", fallback: "90" },
  { name: "POSTERN_AUDIT_DAYS", summary: "days that it is known who changed what", fallback: "365" },
  { name: "POSTERN_BACKUP_DIR", summary: "folder of backups" },
  { name: "POSTERN_BACKUP_STORE", summary: "s3://bucket/prefix instead" },
  {
    name: "POSTERN_BACKUPS_AT_ONCE",
    summary: "scheduled backups at a time, of all control planes together",
    fallback: "2",
  },
  { name: "POSTERN_BACKUP_KEY_FILE", summary: "file with the keys that encrypt backups" },
  { name: "POSTERN_S3_ENDPOINT", summary: "address of the store, where it is not Amazon's" },
  { name: "POSTERN_S3_REGION", summary: "its region", fallback: "us-east-1" },
  { name: "POSTERN_S3_PATH_STYLE", summary: "1: the bucket stands in the path" },
  { name: "POSTERN_S3_CA_FILE", summary: "certificate of an authority to trust besides the known ones" },
  { name: "POSTERN_S3_ACCESS_KEY_ID", summary: "who asks the store", secret: true },
  { name: "POSTERN_S3_SECRET_ACCESS_KEY", summary: "its secret", secret: true },
  { name: "POSTERN_PITR", summary: "on or off: recovery to a point in time", fallback: "on" },
  { name: "POSTERN_PITR_DAYS", summary: "how far back, days", fallback: "7" },
  { name: "POSTERN_PITR_DIR", summary: "folder of the archives" },
  { name: "POSTERN_PITR_STORE", summary: "s3://bucket/prefix instead" },
  { name: "POSTERN_PITR_QUEUE", summary: "MiB of log kept for an archive that takes none", fallback: "1024" },
  { name: "POSTERN_WEBHOOK_URL", summary: "who is told of backups that fail or are missing" },
  { name: "POSTERN_WEBHOOK_SECRET", summary: "signs those messages", secret: true },
];
