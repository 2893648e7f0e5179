DROP TRIGGER connections_changed ON connections;
DROP TRIGGER destinations_changed ON destinations;
DROP TRIGGER sources_changed ON sources;
DROP FUNCTION configuration_changed();
DROP TABLE revision;
DROP TABLE duties;
DROP TABLE nodes;
