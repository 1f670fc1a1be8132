"""The verbs of `manage.py bridge`, each with its arguments, its answer and its lines for people."""
