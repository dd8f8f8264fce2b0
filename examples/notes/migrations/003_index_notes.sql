-- An index built without blocking writers cannot be part of a transaction; Postern sees that and says so.
create index concurrently notes_by_author on notes (author_id, updated_at desc);
