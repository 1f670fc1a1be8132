"""Account-level operations of the wire contract: one implementation for all categories."""
