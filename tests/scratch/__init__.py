"""A Django app with one common model, of which nothing else knows."""
