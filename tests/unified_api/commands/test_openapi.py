"""`manage.py openapi`: the document on standard output, or in a file."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from unified_api.api.openapi.document import document


def printed(*words: str) -> str:
    """What the command says; it needs no database."""
    out = io.StringIO()
    call_command("openapi", *words, stdout=out)
    return out.getvalue()


def test_the_document_is_printed_or_written(tmp_path: Path) -> None:
    """The same document, whichever way; of a file it says where it is."""
    file = tmp_path / "openapi.json"
    assert printed("--out", str(file)) == f"Written to {file}.\n"
    assert (
        json.loads(file.read_text()) == json.loads(printed()) == json.loads(printed("--json")) == document()
    )


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """In one sentence, with the reason."""
    with pytest.raises(CommandError, match=r"openapi\.json cannot be written: No such file or directory\."):
        printed("--out", str(tmp_path / "nowhere" / "openapi.json"))
