"""The shell around the bridge engine."""
