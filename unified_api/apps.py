"""The Django apps of the product: the product itself, and one app per category of common models."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps


class IsthmusConfig(AppConfig):
    """The product: commands and system checks, no tables of its own."""

    name = "unified_api"
    verbose_name = "Isthmus"
    default = True

    def import_models(self) -> None:
        """Models belong to the category apps, although they live in this package."""
        self.models = apps.all_models[self.label]

    def ready(self) -> None:
        """Register the system checks, have tasks sent by our Celery application, and name what there is several of."""
        import_module("unified_api.checks")
        import_module("unified_api.celery")
        import_module("unified_api.models.plurals").name_plurals(apps.get_models())


class CategoryConfig(AppConfig):
    """A category: its tables are the models of `unified_api.models.<label>`."""

    default = False

    def import_models(self) -> None:
        """Read the models from the vocabulary, where one module is one category."""
        self.models = apps.all_models[self.label]
        self.models_module = import_module(f"unified_api.models.{self.label}")


class HrisConfig(CategoryConfig):
    """People, where they work and what they are paid for."""

    name = "unified_api.migrations.hris"
    label = "hris"
    verbose_name = "HRIS"


class TrainingConfig(CategoryConfig):
    """Courses, and who completed them; held by accounts of the HRIS category."""

    name = "unified_api.migrations.training"
    label = "training"
    verbose_name = "Training"


class CrmConfig(CategoryConfig):
    """Leads, the people and companies behind them, and what is sold."""

    name = "unified_api.migrations.crm"
    label = "crm"
    verbose_name = "CRM"


class TicketingConfig(CategoryConfig):
    """Tickets, comments and what surrounds them."""

    name = "unified_api.migrations.ticketing"
    label = "ticketing"
    verbose_name = "Ticketing"
