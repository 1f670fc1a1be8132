"""Commands of who writes adapters."""
