-- What a test imports that is copied from the exchanges of a run: JSON of
-- copy_as::Application. NULL for an import, and where an older version wrote the run.
ALTER TABLE run ADD COLUMN application TEXT;
