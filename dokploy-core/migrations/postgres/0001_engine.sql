-- Identifiers are UUIDs, times are microseconds since 1970, nested values are JSON.
-- Rows are deleted softly: names are unique among those that are left.

CREATE TABLE projects (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX projects_name ON projects (name) WHERE deleted_at IS NULL;
CREATE INDEX projects_live ON projects (id) WHERE deleted_at IS NULL;

CREATE TABLE applications (
    id UUID NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    project_id UUID NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    service_name TEXT NOT NULL,
    spec TEXT NOT NULL,
    stopped BOOLEAN NOT NULL,
    current_release_id UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX applications_name ON applications (project_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX applications_service_name ON applications (service_name) WHERE deleted_at IS NULL;
CREATE INDEX applications_live ON applications (id) WHERE deleted_at IS NULL;
CREATE INDEX applications_of_project ON applications (project_id, id) WHERE deleted_at IS NULL;

-- A deployment is its own job. `queue` says where it is:
--   blocked  waits behind an older one of its application
--   ready    waits and is the oldest open one of its application
--   active   was claimed; a lease that has expired or was handed back may be claimed again
--   done     terminal
CREATE TABLE deployments (
    -- The order of acceptance.
    ticket BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    application_id UUID NOT NULL REFERENCES applications (id),
    project_id UUID NOT NULL REFERENCES projects (id),
    service_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    target_release_id UUID,
    request TEXT NOT NULL,
    spec TEXT NOT NULL,
    idempotency_key TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,

    -- The projection of its events.
    seq BIGINT NOT NULL,
    status TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    state TEXT NOT NULL,

    queue TEXT NOT NULL CHECK (queue IN ('blocked', 'ready', 'active', 'done')),
    queued_at BIGINT NOT NULL,
    claimed_at BIGINT,
    worker_id UUID,
    epoch BIGINT NOT NULL DEFAULT 0,
    attempt BIGINT NOT NULL DEFAULT 0,
    lease_until BIGINT,

    CHECK ((queue = 'done') = (status IN ('success', 'failed', 'rolled_back', 'cancelled', 'superseded'))),
    CHECK ((queue = 'active') = (lease_until IS NOT NULL)),
    CHECK (worker_id IS NULL OR queue = 'active')
);

CREATE INDEX deployments_of_application ON deployments (application_id, id);
CREATE INDEX deployments_of_application_with_status ON deployments (application_id, status, id);
CREATE INDEX deployments_of_project ON deployments (project_id, id);
CREATE INDEX deployments_of_project_with_status ON deployments (project_id, status, id);
CREATE INDEX deployments_with_status ON deployments (status, id);
CREATE UNIQUE INDEX deployments_idempotency_key ON deployments (application_id, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

-- At most one active deployment per application, and at most one that may become it.
CREATE UNIQUE INDEX deployments_head ON deployments (application_id) WHERE queue IN ('ready', 'active');
CREATE INDEX deployments_open ON deployments (application_id, ticket) WHERE queue <> 'done';
CREATE INDEX deployments_waiting ON deployments (queued_at) WHERE queue IN ('blocked', 'ready');
CREATE INDEX deployments_ready ON deployments (project_id, ticket) WHERE queue = 'ready';
CREATE INDEX deployments_active ON deployments (project_id) WHERE queue = 'active';
CREATE INDEX deployments_lease ON deployments (lease_until) WHERE queue = 'active';
CREATE INDEX deployments_turn ON deployments (project_id, claimed_at);

CREATE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0];
END $$;

CREATE TRIGGER deployments_terminal_is_final
BEFORE UPDATE OF status ON deployments FOR EACH ROW
WHEN (OLD.queue = 'done' AND NEW.status <> OLD.status
    AND NOT (OLD.status = 'success' AND NEW.status = 'rolled_back'))
EXECUTE FUNCTION refuse_change('a terminal deployment is final');

CREATE TABLE events (
    deployment_id UUID NOT NULL REFERENCES deployments (id),
    seq BIGINT NOT NULL,
    happened_at BIGINT NOT NULL,
    fact TEXT NOT NULL,
    PRIMARY KEY (deployment_id, seq)
);

CREATE TRIGGER events_are_never_changed
BEFORE UPDATE ON events FOR EACH ROW
EXECUTE FUNCTION refuse_change('events are never changed');

CREATE TABLE releases (
    id UUID NOT NULL PRIMARY KEY,
    application_id UUID NOT NULL REFERENCES applications (id),
    deployment_id UUID NOT NULL UNIQUE REFERENCES deployments (id),
    image TEXT NOT NULL,
    image_reference TEXT NOT NULL,
    build_fingerprint TEXT,
    revision TEXT NOT NULL,
    spec TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    stable_at BIGINT,
    retired_at BIGINT
);

CREATE INDEX releases_of_application ON releases (application_id, id);
CREATE INDEX releases_fingerprint ON releases (application_id, build_fingerprint, id) WHERE retired_at IS NULL;
CREATE INDEX releases_retained ON releases (application_id, id) WHERE retired_at IS NULL;

-- Tables that name each other: the second half of the circle is closed when both exist.
ALTER TABLE applications ADD FOREIGN KEY (current_release_id) REFERENCES releases (id);
ALTER TABLE deployments ADD FOREIGN KEY (target_release_id) REFERENCES releases (id);

CREATE TABLE credentials (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);

CREATE UNIQUE INDEX credentials_name ON credentials (name) WHERE deleted_at IS NULL;
CREATE INDEX credentials_live ON credentials (id) WHERE deleted_at IS NULL;

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE rights (
    name TEXT NOT NULL PRIMARY KEY,
    worker_id UUID NOT NULL,
    held_until BIGINT NOT NULL
);
