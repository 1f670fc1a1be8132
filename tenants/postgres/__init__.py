"""The database backend: Postgres that is told the tenant, and refuses tenant queries that are nobody's."""
