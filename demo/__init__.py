"""Two real systems of a customer, installed and run on this machine: for the demonstration and for tests."""
