"""The shell around adapters and engine: the store, pulls, journalled writes, jobs."""
