-- The history of one project. Times are microseconds since the Unix epoch where they are
-- called `at`, `started` or `ended`, and microseconds since `exchange.at` in the columns
-- of `exchange` that say so.

-- One start of rdev, or one imported file.
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,            -- 0 a server, 1 an import
  title TEXT NOT NULL,              -- the target, or the name of the file
  address TEXT NOT NULL,            -- where it listened; empty for an import
  pid INTEGER NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,                    -- NULL while it runs, and after a kill until the next run
  lost_exchanges INTEGER NOT NULL DEFAULT 0,
  lost_body_pieces INTEGER NOT NULL DEFAULT 0,
  lost_output_lines INTEGER NOT NULL DEFAULT 0,
  lost_other INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What lists and most filters need of an exchange. Rows are narrow, and in the order of
-- time: `at` is when the head of the request was read, moved on by a microsecond where
-- another exchange has that place already.
CREATE TABLE exchange (
  at INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,          -- of the exchange, within its run
  source INTEGER NOT NULL,          -- 0 a client, 1 a replay
  replay_of INTEGER,                -- the number of the exchange that was replayed
  client TEXT NOT NULL,             -- host:port
  method TEXT NOT NULL,             -- `-` where the head was malformed
  host TEXT,                        -- as asked for, with its port
  path TEXT NOT NULL,               -- percent-encoded, without the query
  query TEXT,                       -- NULL where there is no `?`
  status INTEGER,                   -- NULL until there is a response
  request_type TEXT,                -- media type in lower case, without parameters
  response_type TEXT,               -- the same of the response
  request_size INTEGER NOT NULL,    -- bytes of the body, whether kept or not
  response_size INTEGER NOT NULL,
  request_kept INTEGER NOT NULL,    -- bytes of the body that are kept: a beginning
  response_kept INTEGER NOT NULL,
  generation INTEGER,               -- which answered, NULL until one has taken it
  outcome INTEGER,                  -- NULL in flight; 0 complete, 1 client gone,
                                    -- 2 refused, 3 cut
  cut TEXT,                         -- why it was cut
  error TEXT,                       -- the exception in one line, where one was raised
  hint_count INTEGER NOT NULL,      -- breaches of WSGI
  -- Microseconds since `at`, NULL where that did not happen.
  accepted INTEGER,                 -- the connection was accepted: not positive
  held INTEGER,                     -- began to wait for a generation
  queued INTEGER,                   -- began to wait for a lane
  called INTEGER,                   -- a lane took it
  entered INTEGER,                  -- the application was called
  started INTEGER,                  -- the application called start_response
  responded INTEGER,                -- the head of the response was handed to the client
  first_byte INTEGER,               -- so was the first byte of its body
  last_byte INTEGER,                -- and the last byte
  closed INTEGER,                   -- the application was done: close() had returned
  duration INTEGER                  -- it ended; NULL in flight
) STRICT;
CREATE UNIQUE INDEX exchange_id ON exchange (run, number);
CREATE INDEX exchange_method ON exchange (method);
CREATE INDEX exchange_status ON exchange (status);
CREATE INDEX exchange_status_class ON exchange (status / 100);
CREATE INDEX exchange_path ON exchange (path);
CREATE INDEX exchange_response_type ON exchange (response_type);
CREATE INDEX exchange_generation ON exchange (generation);
CREATE INDEX exchange_replay ON exchange (at) WHERE source = 1;
CREATE INDEX exchange_error ON exchange (at) WHERE error IS NOT NULL;

-- The bytes of an exchange.
CREATE TABLE content (
  at INTEGER PRIMARY KEY,           -- that of the exchange
  request_head BLOB NOT NULL,       -- as it went over the wire
  response_head BLOB,
  traceback TEXT,                   -- JSON of exchange::Traceback
  hints TEXT,                       -- JSON of a list of exchange::Hint
  request_body BLOB NOT NULL,       -- the beginning; what follows is in `piece`
  response_body BLOB NOT NULL
) STRICT;

-- What a body grew by after its exchange was first written.
CREATE TABLE piece (
  exchange INTEGER NOT NULL,        -- exchange.at
  side INTEGER NOT NULL,            -- 0 the request's body, 1 the response's
  place INTEGER NOT NULL,           -- the byte of the body it begins with
  bytes BLOB NOT NULL
) STRICT;
CREATE INDEX piece_place ON piece (exchange, side, place);

-- What the application printed.
CREATE TABLE output (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL,
  at INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  stream INTEGER NOT NULL,          -- 0 stdout, 1 stderr
  exchange INTEGER,                 -- exchange.at, where it belongs to one
  text BLOB NOT NULL                -- a line without its end
) STRICT;
CREATE INDEX output_at ON output (at);
CREATE INDEX output_exchange ON output (exchange) WHERE exchange IS NOT NULL;

-- The imports of the code.
CREATE TABLE generation (
  run INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,              -- its process was being made
  reason INTEGER NOT NULL,          -- 0 start, 1 changed files, 2 death, 3 asked for,
                                    -- 4 a request that could not be ended
  reason_text TEXT,                 -- how the one before died
  files TEXT,                       -- the changed files, a JSON list of paths
  outcome INTEGER,                  -- NULL while it is made; 0 ready, 1 failed,
                                    -- 2 discarded, 3 retired, 4 died
  took INTEGER,                     -- microseconds of its import
  rung TEXT,                        -- how it was made: cold, fork, spare, checkpoint
  modules INTEGER,                  -- how many modules of libraries were in memory
  chosen TEXT,                      -- why it was made that way
  traceback TEXT,                   -- JSON of exchange::Traceback
  death TEXT,                       -- how it died
  ended INTEGER,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
