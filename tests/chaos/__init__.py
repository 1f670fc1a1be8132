"""The kill harness: the product and real servers, killed at chosen and at random points; see `__main__`."""
