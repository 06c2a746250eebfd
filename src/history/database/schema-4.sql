-- The trailer fields of a request, line by line as they were sent; NULL where it had none.
ALTER TABLE content ADD COLUMN request_trailers BLOB;
