"""Bridges between emulated systems, as the ready-made files tell them."""
