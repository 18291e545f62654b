"""One history of the database's form, for all components (see `engine.runtime.schema`)."""
