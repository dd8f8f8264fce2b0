-- The registered instance that a database was placed on last: where it goes when it is brought back, if that still is.
alter table databases add column placed_on text;
