-- Leafing through thousands of operations, and watching all of them as they end.
create index operations_created on operations (created_at desc, id);
create index operations_finished on operations (finished_at) where finished_at is not null;
