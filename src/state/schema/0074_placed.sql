-- Since when a database is on the server that it is on: that server's archive knows nothing of it from before. Null: from its
-- beginning.
alter table databases add column placed_at timestamptz;
