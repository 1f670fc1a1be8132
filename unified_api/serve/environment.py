"""Reading settings from the environment: a value that is not understood is refused, never guessed.

Pure over the mapping that it is given, so that each rule can be tested without touching the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


class Environment:
    """A view of environment variables that says what each one has to look like."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "") -> str:
        """The variable as it is; an empty one counts as not set."""
        return self._variables.get(name) or default

    def flag(self, name: str, *, default: bool) -> bool:
        """True or False, written exactly so; ImproperlyConfigured for anything else."""
        value = self.text(name, str(default))
        if value not in {"True", "False"}:
            raise ImproperlyConfigured(f"{name} is {value!r}; write True or False.")
        return value == "True"

    def whole(self, name: str, default: int) -> int:
        """A whole number, zero or more."""
        value = self.text(name, str(default))
        if not value.isdecimal():
            raise ImproperlyConfigured(f"{name} is {value!r}; write a whole number.")
        return int(value)

    def words(self, name: str, default: str = "") -> list[str]:
        """A list separated by commas; spaces around the items do not count."""
        return [word for part in self.text(name, default).split(",") if (word := part.strip())]

    def file(self, name: str) -> Path | None:
        """The file that `NAME_FILE` names, if it is set."""
        file = self.text(f"{name}_FILE")
        return Path(file).absolute() if file else None

    def secret(self, name: str) -> str:
        """The variable, or the content of the file that `NAME_FILE` names, without surrounding white space.

        ImproperlyConfigured when both are given, or the file cannot be read.
        """
        file = self.text(f"{name}_FILE")
        if not file:
            return self.text(name)
        if self.text(name):
            raise ImproperlyConfigured(f"Both {name} and {name}_FILE are set; keep one of them.")
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {file}, which cannot be read: {error.strerror}."
            ) from error
        except UnicodeDecodeError:  # the cause would show the bytes
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which is no text.") from None
