"""Generated requests against a running server, by what the OpenAPI document says that it takes and answers."""
