"""Whatever a user can set, run, meet or link is documented."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from integrations.kit import errors
from tenants.models import LinkedAccount
from tests.docs.pages import README, ROOT, page
from unified_api import registry
from unified_api.engine.events import Kind
from unified_api.serve import broker
from unified_api.sync.models import WriteState
from unified_api.sync.models_bridge import Bridge

OPERATIONS = page("operations.md")
KINDS = {"text", "flag", "whole", "words", "secret"}


def _settings() -> dict[str, str]:
    """The environment variables that settings.py reads, and as what."""
    tree = ast.parse((ROOT / "unified_api" / "settings.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    found = {
        str(ast.literal_eval(call.args[0])): call.func.attr
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.func.attr in KINDS
    }
    assert "DATABASE_URL" in found
    return found


def _words_of_sync() -> set[str]:
    """The words in capitals by which the code of streams tells a state."""
    files = [ROOT / "unified_api" / "sync" / f"{name}.py" for name in ("pull", "verdict", "steer", "connect")]
    texts = [file.read_text(encoding="utf-8") for file in files]
    found = {word for text in texts for word in re.findall(r'"([A-Z][A-Z_]{3,})"', text)}
    assert found >= {"SYNCING", "FAILED"}
    return found


def _commands() -> list[str]:
    folder = ROOT / "unified_api" / "management" / "commands"
    found = sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    assert "link" in found
    return found


def _errors() -> list[str]:
    members = inspect.getmembers(errors, inspect.isclass)
    return [name for name, kind in members if issubclass(kind, Exception)]


def _problem_types() -> set[str]:
    folder = ROOT / "unified_api"
    texts = [file.read_text(encoding="utf-8") for file in [*folder.rglob("*.py")]]
    given = r'(?:problem\(\s*|problem_type = |errors\.\w+, )"([A-Z_]+)"'
    found = {word for text in texts for word in re.findall(given, text)}
    assert {"RECORD_MOVED", "UNCERTAIN_OUTCOME", "RETRY_LATER"} <= found
    return found


@pytest.mark.parametrize(("name", "kind"), sorted(_settings().items()))
def test_every_setting_is_documented(name: str, kind: str) -> None:
    """Each environment variable has a row in operations.md, marked when a file may give it."""
    mark = " †" if kind == "secret" else ""

    assert f"| `{name}`{mark} |" in OPERATIONS


@pytest.mark.parametrize("name", _commands())
def test_every_command_is_documented(name: str) -> None:
    """Each command of ours stands in the table of commands in operations.md."""
    section = OPERATIONS.partition("## Commands")[2].partition("\n## ")[0]

    assert re.search(rf"`{name}[ `]", section)


@pytest.mark.parametrize("name", _errors())
def test_every_kind_of_error_is_documented(name: str) -> None:
    """Each exception of the kit stands in operations.md, with what to do."""
    assert f"`{name}`" in OPERATIONS


@pytest.mark.parametrize("state", WriteState.values)
@pytest.mark.parametrize("name", ["operations.md", "concepts.md", "api.md"])
def test_every_state_of_a_write_is_documented(state: str, name: str) -> None:
    """Each state of a write is explained."""
    assert f"`{state}`" in page(name)


@pytest.mark.parametrize("state", sorted(_words_of_sync() | set(LinkedAccount.Status.values)))
def test_every_state_of_streams_and_accounts_is_documented(state: str) -> None:
    """Each state of a stream or an account stands in operations.md."""
    assert f"`{state}`" in OPERATIONS


@pytest.mark.parametrize("problem_type", sorted(_problem_types()))
def test_every_type_of_problem_is_documented(problem_type: str) -> None:
    """Each type of problem of a write stands in api.md."""
    assert f"`{problem_type}`" in page("api.md")


@pytest.mark.parametrize("slug", [provider.slug for provider in registry.all()])
def test_every_adapter_has_its_page(slug: str) -> None:
    """Each adapter has a page, which names its settings, models and window, and a place in the README."""
    provider = registry.by_slug(slug)
    text = page(f"integrations/{slug}.md")

    assert f"docs/integrations/{slug}.md" in README.read_text(encoding="utf-8")
    assert [s.name for s in provider.settings if f"`{s.name}`" not in text] == []
    assert [r.model.__name__ for r in provider.resources if f"| {r.model.__name__} |" not in text] == []
    assert "## Between read and write" in text


@pytest.mark.parametrize("word", [*Bridge.Status.values, *(kind.value for kind in Kind)])
def test_every_state_and_problem_of_bridges_is_documented(word: str) -> None:
    """Each status of a bridge, and each problem of a pair, has a row in operations.md."""
    assert f"| `{word}` |" in OPERATIONS


def test_the_compose_file_sets_what_there_is() -> None:
    """Each variable that docker/compose.yaml sets is a setting, names the file of one, or is Python's own."""
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    known = {*_settings(), *(f"{name}_FILE" for name, kind in _settings().items() if kind == "secret")}
    given = set(re.findall(r"^ +([A-Z][A-Z_]+): ", text, re.MULTILINE))

    assert "DATABASE_APP_URL" in given
    assert given - known == {"TMPDIR"}


def test_the_compose_file_keeps_files_off_the_memory() -> None:
    """Files on their way go through the folder of temporary files, which is in a volume, and not in a tmpfs."""
    text = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
    shared = text.partition("services:")[0]
    (folder,) = re.findall(r"^    TMPDIR: (\S+)$", shared, re.MULTILINE)

    assert f'volumes: ["files:{folder}"]' in shared
    assert re.search(r"^volumes:\n  files:$", text, re.MULTILINE)
    assert f"--owner isthmus {folder}" in (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")


def test_the_compose_file_has_a_worker_for_each_queue() -> None:
    """No work stands still in a production that is started as the file says."""
    composed = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")

    assert re.findall(r"command: \[worker, --queue, (\w+)\]", composed) == list(broker.QUEUES)
