"""Everything that speaks SQL: connections, schema, one class per table family, binary COPY."""
