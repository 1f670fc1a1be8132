"""What can be seen from outside: how the installation stands."""
