-- After a rotation: when it was, and when connections that were opened before it end.

alter table databases
  add column credentials_rotated_at timestamptz,
  add column old_sessions_end_at timestamptz;
