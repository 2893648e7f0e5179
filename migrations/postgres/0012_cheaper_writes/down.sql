ALTER TABLE events ADD CONSTRAINT events_source_id_fkey FOREIGN KEY (source_id) REFERENCES sources (id);
ALTER TABLE deliveries
    ADD CONSTRAINT deliveries_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connections (id),
    ADD CONSTRAINT deliveries_version_id_fkey FOREIGN KEY (version_id) REFERENCES connection_versions (id),
    ADD CONSTRAINT deliveries_destination_id_fkey FOREIGN KEY (destination_id) REFERENCES destinations (id);
ALTER TABLE events ALTER COLUMN body SET COMPRESSION default;
