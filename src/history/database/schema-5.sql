-- What is pinned, which is kept like what is marked. What was sent again for a pin has 2 as
-- its source; one index has all that was sent again.
ALTER TABLE remark ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
DROP INDEX exchange_replay;
CREATE INDEX exchange_again ON exchange (at) WHERE source > 0;
