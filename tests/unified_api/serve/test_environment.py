"""Settings from the environment: what is not understood is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from unified_api.serve.environment import Environment


def test_a_flag_is_true_or_false_and_nothing_else() -> None:
    """`True` and `False` are understood; anything else is refused with the variable's name."""
    assert Environment({"A": "True"}).flag("A", default=False)
    assert not Environment({}).flag("A", default=False)
    with pytest.raises(ImproperlyConfigured, match="A is 'yes'; write True or False"):
        Environment({"A": "yes"}).flag("A", default=False)


def test_a_whole_number() -> None:
    """Digits are understood; anything else is refused."""
    assert Environment({"A": "12"}).whole("A", 3) == 12
    assert Environment({"A": ""}).whole("A", 3) == 3
    with pytest.raises(ImproperlyConfigured, match="whole number"):
        Environment({"A": "-1"}).whole("A", 3)


def test_words_are_separated_by_commas() -> None:
    """Spaces and empty places do not count."""
    assert Environment({"A": " a, b,,c "}).words("A") == ["a", "b", "c"]
    assert Environment({}).words("A", "x,y") == ["x", "y"]


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """`NAME_FILE` names a file with the secret, whose line end does not count."""
    file = tmp_path / "secret"
    file.write_text("s3cret\n")

    assert Environment({"A_FILE": str(file)}).secret("A") == "s3cret"
    assert Environment({"A": "given"}).secret("A") == "given"


def test_a_missing_secret_file_is_refused() -> None:
    """A file that cannot be read is never taken for an empty secret."""
    with pytest.raises(ImproperlyConfigured, match="A_FILE names /nowhere/x, which cannot be read"):
        Environment({"A_FILE": "/nowhere/x"}).secret("A")


def test_a_file_of_bytes_that_are_no_text_is_refused(tmp_path: Path) -> None:
    """One sentence that names the file, without the bytes, also not as its cause."""
    file = tmp_path / "secret"
    file.write_bytes(b"\xe0\xff")
    with pytest.raises(ImproperlyConfigured, match=f"A_FILE names {file}, which is no text") as told:
        Environment({"A_FILE": str(file)}).secret("A")
    assert told.value.__suppress_context__


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """Variable and file together are a contradiction."""
    with pytest.raises(ImproperlyConfigured, match="keep one of them"):
        Environment({"A": "x", "A_FILE": str(tmp_path)}).secret("A")
