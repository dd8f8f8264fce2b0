-- A schedule counts from when it was set; null: it is the class's, and counts from the database's creation.
alter table backup_policies add column scheduled_since timestamptz;
