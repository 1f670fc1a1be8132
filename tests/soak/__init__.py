"""The soak: a bridge between two real servers, edited on both sides while the product is killed; see `__main__`."""
