-- While nobody uses a database, one row says so for all the minutes from `at` to `until`, both looks included.
-- What was counted then is zero for each of them.

alter table metric_samples add until timestamptz check (until >= at);
-- `until` moves once a minute: there must be room for the row's next version beside it.
alter table metric_samples set (fillfactor = 70);
