-- Who may sign in and see what, what was done by whom, databases, and requests that are repeated.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    username TEXT NOT NULL,
    -- In lower case.
    username_key TEXT NOT NULL,
    email TEXT,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'developer', 'admin', 'owner')),
    disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    password TEXT,
    -- Set in one row, so that two callers cannot both make the first user.
    is_first INTEGER NOT NULL CHECK (is_first IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE UNIQUE INDEX users_username ON users (username_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_first ON users (is_first) WHERE is_first;
CREATE INDEX users_live ON users (id) WHERE deleted_at IS NULL;
CREATE INDEX users_owners ON users (id) WHERE role = 'owner' AND NOT disabled AND deleted_at IS NULL;

CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_of_user ON identities (user_id);

CREATE TABLE teams (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE UNIQUE INDEX teams_name ON teams (name) WHERE deleted_at IS NULL;
CREATE INDEX teams_live ON teams (id) WHERE deleted_at IS NULL;

CREATE TABLE members (
    team_id BLOB NOT NULL REFERENCES teams (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    added_at INTEGER NOT NULL,
    PRIMARY KEY (team_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_of_user ON members (user_id, team_id);

ALTER TABLE projects ADD COLUMN owner_id BLOB REFERENCES users (id);
ALTER TABLE projects ADD COLUMN team_id BLOB REFERENCES teams (id);

CREATE INDEX projects_of_owner ON projects (owner_id);
CREATE INDEX projects_of_team ON projects (team_id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE tokens (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    project_ids TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE INDEX tokens_live ON tokens (id) WHERE revoked_at IS NULL;
CREATE INDEX tokens_of_user ON tokens (user_id, id) WHERE revoked_at IS NULL;

ALTER TABLE applications ADD COLUMN webhook_secret TEXT;
ALTER TABLE applications ADD COLUMN database_id BLOB;

CREATE TABLE databases (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    project_id BLOB NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    engine TEXT NOT NULL,
    image TEXT NOT NULL,
    application_id BLOB NOT NULL UNIQUE REFERENCES applications (id),
    password TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;

CREATE INDEX databases_live ON databases (id) WHERE deleted_at IS NULL;
CREATE INDEX databases_of_project ON databases (project_id, id) WHERE deleted_at IS NULL;

CREATE TABLE audit (
    seq INTEGER NOT NULL PRIMARY KEY,
    happened_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    resource TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    detail TEXT,
    previous TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX audit_of_actor ON audit (actor, seq);
CREATE INDEX audit_of_action ON audit (action, seq);
CREATE INDEX audit_of_resource ON audit (resource, seq);
CREATE INDEX audit_with_outcome ON audit (outcome, seq);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never deleted');
END;

-- The last record. Whoever appends one holds the lock of this row.
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
) STRICT;

INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- Requests with an idempotency key, and their answers.
CREATE TABLE requests (
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    status INTEGER,
    body TEXT,
    PRIMARY KEY (actor, name),
    CHECK ((status IS NULL) = (body IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_end ON requests (ends_at);

-- A credential belongs to a project, whose applications alone may use it, or to the installation.
ALTER TABLE credentials ADD COLUMN project_id BLOB REFERENCES projects (id);

-- Names are those of a project, so that they tell nobody about another one.
DROP INDEX credentials_name;
CREATE UNIQUE INDEX credentials_name ON credentials (COALESCE(project_id, x''), name) WHERE deleted_at IS NULL;
