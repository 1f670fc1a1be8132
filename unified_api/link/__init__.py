"""Linking: from what an end user gives us to a linked account whose credential has been seen to work."""
