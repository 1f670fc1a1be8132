"""The REST API, derived from the declarations in `unified_api.models`: nothing here names a model's field."""
