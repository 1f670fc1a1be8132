"""The vocabulary: every common model is declared once here, and all else is read from the declaration."""
