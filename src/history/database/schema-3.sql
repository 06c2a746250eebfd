-- What the user says of an exchange. Those in here are deleted neither for their age nor
-- for their size.
CREATE TABLE remark (
  exchange INTEGER PRIMARY KEY,     -- exchange.at
  marked INTEGER NOT NULL,          -- 0 or 1
  comment TEXT                      -- NULL where there is none
) STRICT;
