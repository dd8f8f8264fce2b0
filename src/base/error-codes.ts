/**
 * In charge of the table of Postern's own error codes. A code has the shape of a SQLSTATE (class and condition) in the
 * classes Y0 to Y9, which the SQL standard leaves free. Errors of Postgres keep their own SQLSTATE and are not listed.
 */

export interface ErrorCode {
  /** Condition name, for people. */
  name: string;
  /** HTTP status it is answered with. */
  http: number;
  /** Exit code of the command line. */
  exit: number;
}

/** Exit codes of the command line. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  declined: 3,
  access: 4,
  notFound: 5,
  conflict: 6,
  sql: 7,
  pending: 8,
  unreachable: 9,
  interrupted: 130,
} as const;

export const errorCodes = {
  // Y0: configuration and set-up
  Y0001: { name: "invalid_configuration", http: 500, exit: 2 },
  Y0002: { name: "toolchain_unavailable", http: 500, exit: 1 },
  Y0003: { name: "home_unusable", http: 500, exit: 1 },
  Y0004: { name: "port_in_use", http: 500, exit: 6 },
  Y0005: { name: "daemon_not_running", http: 503, exit: 9 },
  Y0006: { name: "daemon_start_failed", http: 500, exit: 1 },
  Y0007: { name: "home_in_use", http: 409, exit: 6 },
  Y0010: { name: "certificate_unusable", http: 500, exit: 2 },
  Y0011: { name: "unencrypted_listen", http: 500, exit: 2 },
  // Y1: the request
  Y1001: { name: "invalid_request", http: 400, exit: 2 },
  Y1002: { name: "invalid_json", http: 400, exit: 2 },
  Y1003: { name: "unsupported_media_type", http: 400, exit: 2 },
  Y1004: { name: "body_too_large", http: 413, exit: 2 },
  Y1005: { name: "route_not_found", http: 404, exit: 5 },
  Y1007: { name: "transaction_control_refused", http: 400, exit: 7 },
  Y1008: { name: "answer_too_large", http: 507, exit: 1 },
  Y1009: { name: "statement_timeout", http: 504, exit: 9 },
  Y1010: { name: "too_many_statements", http: 400, exit: 2 },
  Y1011: { name: "copy_refused", http: 400, exit: 7 },
  Y1012: { name: "empty_statement", http: 400, exit: 7 },
  Y1013: { name: "usage", http: 400, exit: 2 },
  Y1014: { name: "confirmation_needed", http: 400, exit: 2 },
  Y1015: { name: "declined", http: 400, exit: 3 },
  Y1016: { name: "timed_out", http: 504, exit: 9 },
  Y1017: { name: "request_canceled", http: 400, exit: 130 },
  Y1018: { name: "too_many_requests", http: 429, exit: 9 },
  Y1020: { name: "upgrade_required", http: 426, exit: 2 },
  Y1021: { name: "insecure_transport", http: 403, exit: 4 },
  Y1022: { name: "too_many_websockets", http: 503, exit: 9 },
  Y1030: { name: "stream_stalled", http: 504, exit: 9 },
  Y1040: { name: "answers_waiting", http: 503, exit: 9 },
  Y1041: { name: "password_unknown", http: 409, exit: 6 },
  Y1060: { name: "no_such_table", http: 404, exit: 5 },
  Y1061: { name: "invalid_record_query", http: 400, exit: 2 },
  Y1062: { name: "unbounded_write", http: 400, exit: 2 },
  Y1063: { name: "table_not_writable", http: 400, exit: 2 },
  Y1064: { name: "request_not_open", http: 404, exit: 5 },
  Y1065: { name: "too_many_open_requests", http: 503, exit: 9 },
  Y1066: { name: "request_rolled_back", http: 409, exit: 6 },
  Y1067: { name: "no_primary_key", http: 409, exit: 6 },
  Y1068: { name: "table_locked", http: 409, exit: 6 },
  Y1069: { name: "nothing_recorded", http: 404, exit: 5 },
  Y1070: { name: "idempotency_key_reused", http: 409, exit: 6 },
  // From Y1090 on: the console
  Y1090: { name: "console_locked", http: 403, exit: 4 },
  Y1091: { name: "console_request_foreign", http: 403, exit: 4 },
  Y1092: { name: "console_signed_out", http: 401, exit: 4 },
  Y1093: { name: "console_link_invalid", http: 401, exit: 4 },
  Y1094: { name: "console_session_not_found", http: 404, exit: 5 },
  // From Y1100 on: looking into a database
  Y1100: { name: "invalid_condition", http: 400, exit: 2 },
  Y1101: { name: "invalid_row_selection", http: 400, exit: 2 },
  Y1102: { name: "invalid_cursor", http: 400, exit: 2 },
  Y1103: { name: "row_changed_meanwhile", http: 409, exit: 6 },
  Y1104: { name: "invalid_row_edit", http: 400, exit: 2 },
  Y1105: { name: "invalid_time_span", http: 400, exit: 2 },
  Y1106: { name: "tables_locked", http: 409, exit: 6 },
  // Y2: who may do what
  Y2001: { name: "credentials_missing", http: 401, exit: 4 },
  Y2002: { name: "credentials_invalid", http: 401, exit: 4 },
  Y2003: { name: "not_allowed", http: 403, exit: 4 },
  Y2004: { name: "username_taken", http: 409, exit: 6 },
  Y2005: { name: "login_failed", http: 401, exit: 4 },
  Y2006: { name: "password_too_short", http: 400, exit: 2 },
  Y2007: { name: "invalid_username", http: 400, exit: 2 },
  Y2010: { name: "user_token_invalid", http: 401, exit: 4 },
  Y2011: { name: "issuer_unavailable", http: 503, exit: 9 },
  Y2012: { name: "issuer_refused", http: 400, exit: 2 },
  Y2060: { name: "version_needs_own_server", http: 409, exit: 6 },
  Y2061: { name: "version_unchanged", http: 409, exit: 6 },
  Y2062: { name: "downgrade_refused", http: 409, exit: 6 },
  Y2063: { name: "upgrade_under_way", http: 409, exit: 6 },
  Y2064: { name: "extensions_missing", http: 409, exit: 6 },
  Y2065: { name: "backup_too_new", http: 409, exit: 6 },
  Y2090: { name: "tenant_mismatch", http: 403, exit: 4 },
  // Y3: databases
  Y3001: { name: "database_not_found", http: 404, exit: 5 },
  Y3002: { name: "database_name_taken", http: 409, exit: 6 },
  Y3003: { name: "invalid_database_name", http: 400, exit: 2 },
  Y3004: { name: "database_not_ready", http: 409, exit: 6 },
  Y3005: { name: "create_failed", http: 500, exit: 1 },
  Y3006: { name: "invalid_user_name", http: 400, exit: 2 },
  Y3007: { name: "user_name_taken", http: 409, exit: 6 },
  Y3008: { name: "not_recoverable", http: 409, exit: 6 },
  Y3009: { name: "version_unavailable", http: 400, exit: 2 },
  Y3010: { name: "operation_not_found", http: 404, exit: 5 },
  Y3011: { name: "operation_failed", http: 500, exit: 1 },
  Y3030: { name: "table_not_found", http: 404, exit: 5 },
  Y3031: { name: "table_name_ambiguous", http: 400, exit: 2 },
  Y3032: { name: "no_owner_column", http: 400, exit: 2 },
  Y3033: { name: "group_tables_differ", http: 409, exit: 6 },
  Y3034: { name: "identity_not_taken", http: 409, exit: 6 },
  Y3035: { name: "migration_not_found", http: 404, exit: 5 },
  Y3036: { name: "migration_out_of_order", http: 409, exit: 6 },
  Y3037: { name: "migration_not_reversible", http: 409, exit: 6 },
  Y3038: { name: "pooled_connection", http: 400, exit: 2 },
  Y3039: { name: "baseline_needed", http: 409, exit: 6 },
  Y3040: { name: "read_only_token", http: 403, exit: 4 },
  Y3041: { name: "too_many_tokens", http: 409, exit: 6 },
  Y3042: { name: "token_not_found", http: 404, exit: 5 },
  Y3043: { name: "scale_under_way", http: 409, exit: 6 },
  Y3044: { name: "does_not_fit", http: 409, exit: 6 },
  Y3045: { name: "class_unchanged", http: 409, exit: 6 },
  Y3046: { name: "scale_failed", http: 500, exit: 1 },
  Y3070: { name: "not_a_branch", http: 409, exit: 6 },
  Y3071: { name: "has_branches", http: 409, exit: 6 },
  Y3072: { name: "database_busy", http: 409, exit: 6 },
  Y3073: { name: "invalid_branch_expiry", http: 400, exit: 2 },
  Y3075: { name: "copy_failed", http: 500, exit: 1 },
  Y3080: { name: "session_not_read_only", http: 409, exit: 1 },
  Y3081: { name: "transaction_lost", http: 503, exit: 9 },
  Y3082: { name: "connection_lost", http: 503, exit: 9 },
  // Y4: instances and what runs them
  Y4001: { name: "instance_unreachable", http: 503, exit: 9 },
  Y4002: { name: "instance_start_failed", http: 503, exit: 1 },
  Y4003: { name: "instance_stop_failed", http: 500, exit: 1 },
  Y4004: { name: "too_busy", http: 503, exit: 9 },
  Y4050: { name: "disk_full", http: 507, exit: 1 },
  Y4010: { name: "database_in_use", http: 409, exit: 6 },
  Y4011: { name: "database_paused", http: 409, exit: 6 },
  Y4012: { name: "pause_unavailable", http: 400, exit: 2 },
  Y4013: { name: "gate_unreachable", http: 503, exit: 9 },
  Y4014: { name: "server_port_taken", http: 503, exit: 6 },
  Y4051: { name: "disk_space_low", http: 507, exit: 1 },
  // Y5: migrations
  Y5001: { name: "migration_changed", http: 409, exit: 6 },
  Y5002: { name: "migration_failed", http: 400, exit: 7 },
  Y5003: { name: "migration_locked", http: 409, exit: 6 },
  Y5004: { name: "invalid_migration_name", http: 400, exit: 2 },
  Y5005: { name: "migration_directory_not_found", http: 400, exit: 2 },
  Y5007: { name: "migration_transaction_control", http: 400, exit: 7 },
  Y5008: { name: "migration_half_applied", http: 409, exit: 6 },
  // Y6: backups
  Y6001: { name: "backup_not_found", http: 404, exit: 5 },
  Y6002: { name: "backup_failed", http: 500, exit: 1 },
  Y6003: { name: "backup_damaged", http: 409, exit: 1 },
  Y6004: { name: "restore_failed", http: 500, exit: 1 },
  Y6005: { name: "storage_full", http: 507, exit: 1 },
  Y6006: { name: "backup_not_completed", http: 409, exit: 6 },
  Y6007: { name: "backup_missing", http: 409, exit: 1 },
  Y6030: { name: "own_database_by_address", http: 400, exit: 2 },
  Y6031: { name: "database_in_use", http: 409, exit: 6 },
  Y6010: { name: "invalid_schedule", http: 400, exit: 2 },
  Y6032: { name: "not_importable", http: 400, exit: 2 },
  Y6033: { name: "database_not_empty", http: 409, exit: 6 },
  Y6034: { name: "source_too_new", http: 400, exit: 1 },
  Y6035: { name: "export_failed", http: 500, exit: 1 },
  Y6036: { name: "import_failed", http: 500, exit: 1 },
  Y6037: { name: "import_differs", http: 500, exit: 1 },
  Y6038: { name: "temporary_directory_full", http: 507, exit: 1 },
  Y6020: { name: "point_in_time_unavailable", http: 409, exit: 6 },
  Y6021: { name: "time_out_of_reach", http: 409, exit: 6 },
  Y6022: { name: "archive_failed", http: 500, exit: 1 },
  Y6023: { name: "archive_busy", http: 409, exit: 9 },
  Y6024: { name: "no_room_to_restore", http: 507, exit: 1 },
  Y6025: { name: "recovery_failed", http: 500, exit: 1 },
  Y6026: { name: "data_lost", http: 503, exit: 1 },
  Y6027: { name: "not_promotable", http: 409, exit: 6 },
  Y6028: { name: "instance_not_found", http: 404, exit: 5 },
  Y6011: { name: "storage_unreachable", http: 503, exit: 9 },
  Y6012: { name: "storage_refused", http: 500, exit: 1 },
  Y6015: { name: "verification_failed", http: 409, exit: 1 },
  Y6014: { name: "download_url_invalid", http: 403, exit: 4 },
  Y6013: { name: "backup_key_unusable", http: 409, exit: 1 },
  // Y7: manifest, environments, releases
  Y7001: { name: "invalid_manifest", http: 400, exit: 2 },
  Y7002: { name: "manifest_not_found", http: 404, exit: 5 },
  Y7003: { name: "project_not_found", http: 404, exit: 5 },
  Y7004: { name: "environment_not_found", http: 404, exit: 5 },
  Y7005: { name: "service_not_found", http: 404, exit: 5 },
  Y7006: { name: "service_ambiguous", http: 400, exit: 2 },
  Y7007: { name: "invalid_project_name", http: 400, exit: 2 },
  Y7008: { name: "project_name_taken", http: 409, exit: 6 },
  Y7009: { name: "provisioning_disabled", http: 403, exit: 4 },
  Y7010: { name: "environment_protected", http: 400, exit: 2 },
  Y7050: { name: "service_not_runnable", http: 400, exit: 2 },
  Y7051: { name: "deploy_in_progress", http: 409, exit: 6 },
  Y7052: { name: "release_step_failed", http: 409, exit: 1 },
  Y7053: { name: "service_not_healthy", http: 409, exit: 1 },
  Y7054: { name: "release_not_found", http: 404, exit: 5 },
  Y7055: { name: "upload_unusable", http: 400, exit: 2 },
  Y7056: { name: "services_disabled", http: 403, exit: 4 },
  Y7057: { name: "service_port_taken", http: 409, exit: 6 },
  Y7058: { name: "nothing_deployed", http: 404, exit: 5 },
  Y7060: { name: "operation_ended", http: 409, exit: 6 },
  Y7061: { name: "operation_not_cancelable", http: 409, exit: 6 },
  Y7062: { name: "operation_canceled", http: 409, exit: 1 },
  // Y8: credentials and pooling
  Y8001: { name: "pooler_unreachable", http: 503, exit: 9 },
  Y8002: { name: "reserved_variable", http: 400, exit: 2 },
  Y8010: { name: "instance_url_invalid", http: 400, exit: 2 },
  Y8011: { name: "instance_address_refused", http: 400, exit: 2 },
  Y8012: { name: "registered_instance_unreachable", http: 503, exit: 9 },
  Y8013: { name: "instance_not_encrypted", http: 400, exit: 1 },
  Y8014: { name: "instance_login_refused", http: 400, exit: 4 },
  Y8015: { name: "instance_version_unsupported", http: 400, exit: 1 },
  Y8016: { name: "instance_read_only", http: 503, exit: 9 },
  Y8017: { name: "instance_rights_missing", http: 400, exit: 4 },
  Y8018: { name: "instance_registered_already", http: 409, exit: 6 },
  Y8019: { name: "instance_name_taken", http: 409, exit: 6 },
  Y8020: { name: "instance_not_found", http: 404, exit: 5 },
  Y8021: { name: "instance_in_use", http: 409, exit: 6 },
  Y8022: { name: "no_instance_for_database", http: 409, exit: 6 },
  Y8023: { name: "impossible_on_registered_instance", http: 409, exit: 6 },
  Y8024: { name: "instance_settings_invalid", http: 400, exit: 2 },
  // Y9: Postern's own fault
  Y9001: { name: "internal", http: 500, exit: 1 },
  // From Y9010 on: what is seen of a database while it works
  Y9010: { name: "session_not_found", http: 404, exit: 5 },
  Y9011: { name: "session_not_yours", http: 403, exit: 4 },
  Y9012: { name: "statements_not_counted", http: 409, exit: 6 },
  Y9013: { name: "trace_not_found", http: 404, exit: 5 },
  Y9014: { name: "statement_not_found", http: 404, exit: 5 },
} as const satisfies Record<string, ErrorCode>;

export type PosternCode = keyof typeof errorCodes;

/** Nothing that a caller could have avoided, and nothing that it is told about. */
export const isOwnFault = (code: string): boolean => code.startsWith("Y900");

/** SQLSTATEs whose HTTP status is not 400: what the caller can do nothing about but wait. */
const postgresStatus: Record<string, number> = {
  "53300": 503,
  "57P01": 503,
  "57P02": 503,
  "57P03": 503,
  "08006": 503,
  "08001": 503,
};

/** HTTP status of any code: Postern's by the table, Postgres's 400 but for those that mean "not now". */
export function httpStatusOf(code: string): number {
  if (Object.hasOwn(errorCodes, code)) return errorCodes[code as PosternCode].http;
  return postgresStatus[code] ?? 400;
}

/** Exit code of the command line for any code. */
export function exitCodeOf(code: string): number {
  if (Object.hasOwn(errorCodes, code)) return errorCodes[code as PosternCode].exit;
  return postgresStatus[code] === 503 ? exitCodes.unreachable : exitCodes.sql;
}
