"""Migrations of the category apps, one package per app label (see MIGRATION_MODULES)."""
