"""How Isthmus runs: environment, embedded database, broker, child processes, health and logs."""
