-- The servers that share this database. Times are this database's own, so that the nodes' clocks need not agree.
CREATE TABLE nodes (
    id         BYTEA  PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name       TEXT   NOT NULL,
    version    TEXT   NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    -- The revision of the configuration that it works by.
    revision   BIGINT NOT NULL,
    -- Deliveries in its memory.
    waiting    BIGINT NOT NULL
);

-- What one node does for all of them, until when.
CREATE TABLE duties (
    name    TEXT   PRIMARY KEY NOT NULL,
    node_id BYTEA  NOT NULL,
    until   BIGINT NOT NULL
);

-- Counts changes of sources, connections and destinations: a node whose number is older reads them again.
CREATE TABLE revision (
    id     INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    number BIGINT  NOT NULL
);
INSERT INTO revision (id, number) VALUES (1, 1);

-- Here and not in the program, so that no save can forget it.
CREATE FUNCTION configuration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE revision SET number = number + 1;
    PERFORM pg_notify('bluebridge', 'configuration');
    RETURN NULL;
END
$$;
-- Not when it was last heard of: that is written every second.
CREATE TRIGGER sources_changed
    AFTER INSERT OR DELETE OR UPDATE OF name, token, require_signature, secret_sealed, previous_secret_sealed, previous_secret_until, deleted_at
    ON sources FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
CREATE TRIGGER destinations_changed AFTER INSERT OR DELETE OR UPDATE ON destinations FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
CREATE TRIGGER connections_changed AFTER INSERT OR DELETE OR UPDATE ON connections FOR EACH STATEMENT EXECUTE FUNCTION configuration_changed();
