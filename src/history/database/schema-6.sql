-- Why a body is not kept whole, NULL where it is: 0 it is longer than bodies are kept, 1 it
-- came too fast, 2 too much was in flight, 3 it could not be written, 4 it could not be
-- looked through for secrets, 5 it comes from elsewhere without it, or from a file that
-- did not say.
ALTER TABLE exchange ADD COLUMN request_cut INTEGER;
ALTER TABLE exchange ADD COLUMN response_cut INTEGER;
UPDATE exchange SET request_cut = 5 WHERE request_kept < request_size;
UPDATE exchange SET response_cut = 5 WHERE response_kept < response_size;
-- When the head of the request was read, where that is not `at`: another had that place.
-- The columns that say so are then microseconds since this.
ALTER TABLE exchange ADD COLUMN began INTEGER;
