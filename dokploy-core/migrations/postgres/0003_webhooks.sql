-- What webhooks find an application by. An application of before has no webhook secret until one is made, and is
-- written with its repository then.
ALTER TABLE applications ADD COLUMN repository TEXT;

CREATE INDEX applications_of_repository ON applications (repository, id) WHERE deleted_at IS NULL;
