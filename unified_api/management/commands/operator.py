"""`manage.py operator`: logins to the operators' console."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from unified_api.management.answering import AnsweringCommand, Document, take_json

#: Characters of a password that is made up here: 24 bytes of randomness.
PASSWORD_BYTES = 24


class Command(AnsweringCommand):
    """Makes an operator, or gives one a new password."""

    help = "Create an operator of the console with a password that is printed once; --reset makes a new one."
    called = "operator"

    def take(self, parser: CommandParser) -> None:
        """The name."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create")
        create = verbs.add_parser("create", help="a login with all rights in the console")
        create.add_argument("name")
        create.add_argument(
            "--reset",
            action="store_true",
            help="give an operator of this name a new password",
        )
        take_json(create)

    def answer(self, **options: Any) -> Document:
        """Make the login, or its new password."""
        name, users = options["name"], User.objects
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        with transaction.atomic():
            found = users.filter(username=name).first()
            if found and not options["reset"]:
                raise CommandError(f"There is an operator {name!r} already; --reset makes a new password.")
            if found:
                found.set_password(password)
                found.save()
            else:
                users.create_superuser(username=name, password=password)
        return {"username": name, "password": password, "path": "/admin/"}

    def tell(self, document: Document) -> Iterable[str]:
        """The password, this once."""
        return [
            f"username: {document['username']}",
            f"password: {document['password']}",
            f"Log in at {document['path']}. Keep the password now: it is shown this once.",
        ]
