"""What Isthmus is measured beside: programs that run in environments of their own, each from a lock with hashes."""
