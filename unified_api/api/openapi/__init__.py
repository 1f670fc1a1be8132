"""The OpenAPI document of the API, read from the declarations of common models, columns and endpoints."""
