-- For how many microseconds the application waited for more of the request's body before it
-- called start_response; NULL where an older version wrote the exchange, or it was not called.
ALTER TABLE exchange ADD COLUMN body_wait INTEGER;
