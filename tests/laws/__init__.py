"""Laws of two-way synchronization, on random histories."""
