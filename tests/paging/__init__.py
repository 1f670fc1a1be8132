"""Clients that page through every list while its records change, on random histories."""
