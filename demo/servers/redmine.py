"""A Redmine as Debian packages it, with a folder of its own for its database, its files and its settings.

https://www.redmine.org/projects/redmine/wiki/RedmineInstall
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from demo.servers.server import Server
from demo.servers.software import InstallFailed, alone
from unified_api.serve.disguise import Disguise

_HOME: Final = Path("/usr/share/redmine")
_THERE: Final = _HOME / "config.ru"
_PACKAGES: Final = ("redmine", "redmine-sqlite", "ruby-webrick")
#: Where Debian's gems are; each has its description, and some lack the folder that Bundler looks for.
_GEMS: Final = (Path("/usr/share/rubygems-integration"), Path("/var/lib/gems"))
#: Its own, whose database is that of an instance of the system, if there is one.
_GEMFILE: Final = f"""eval_gemfile "{_HOME}/Gemfile"
gem "sqlite3" unless @dependencies.any? {{ |one| one.name == "sqlite3" }}
gem "webrick"
"""
_WRITES: Final = re.compile(r'Started (?:POST|PUT|PATCH|DELETE) "')
_DATABASE: Final = "production:\n  adapter: sqlite3\n  database: {}\n  encoding: utf8\n  timeout: 20000\n"
#: Roles of its defaults.
MANAGER, DEVELOPER, REPORTER = 3, 4, 5
#: Of issues of all projects and trackers: name, kind of value, what it may be, whether it holds several.
_FIELDS: Final = (
    ("Room", "string", None, 0),
    ("Colour", "list", "---\n- red\n- blue\n", 0),
    ("Floors", "list", "---\n- one\n- two\n", 1),
)


class Redmine(Server):
    """What the REST interface does not offer is written into the database before its first start."""

    name = "redmine"
    program = "ruby"

    @staticmethod
    def absent() -> str:
        """Why there can be none on this machine; empty where it is installed, or can be."""
        if _THERE.exists() or (os.geteuid() == 0 and shutil.which("apt-get")):
            return ""
        return f"Redmine is not installed, which takes root and apt: apt-get install {' '.join(_PACKAGES)}"

    @property
    def settings(self) -> dict[str, str]:
        """What Isthmus is told to link it."""
        return {"base_url": self.origin, "project": "1"}

    @property
    def secrets(self) -> dict[str, str]:
        """The administrator's key."""
        return {"api_key": hashlib.sha256(str(self._facts()["key"]).encode()).hexdigest()[:40]}

    def writes(self) -> int:
        """How many requests that change something have reached it: it writes a line before it answers."""
        return len(_WRITES.findall((self.data / "log/production.log").read_text(errors="replace")))

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.data / "redmine.sqlite"

    def rest(self, method: str, path: str, body: object = None, **params: Any) -> Any:
        """A call as administrator. path: without `.json`."""
        return self.api(method, f"/{path}.json", body, **params)

    def project(self, identifier: str, *, members: Sequence[int] = ()) -> int:
        """A new project with members who manage it, and the administrator; its id."""
        made = self.rest("POST", "projects", {"project": {"name": identifier, "identifier": identifier}})[
            "project"
        ]
        for user in (1, *members):
            body = {"membership": {"user_id": user, "role_ids": [MANAGER]}}
            self.rest("POST", f"projects/{made['id']}/memberships", body)
        return int(made["id"])

    def issue(self, project: int, subject: str, **facts: Any) -> int:
        """A new issue; its id."""
        told = {"project_id": project, "subject": subject, **facts}
        return int(self.rest("POST", "issues", {"issue": told})["issue"]["id"])

    def upload(self, name: str, content: bytes = b"smoke") -> dict[str, str]:
        """A new file, as an issue takes it."""
        binary = {"Content-Type": "application/octet-stream"}
        told = self.api("POST", "/uploads.json", content, headers=binary, filename=name)["upload"]
        return {"token": told["token"], "filename": name, "content_type": "text/plain"}

    def version_of(self, issue: str) -> int:
        """The issue's version, which no answer tells."""
        with closing(sqlite3.connect(self.database, timeout=20)) as database:
            (version,) = database.execute("SELECT lock_version FROM issues WHERE id = ?", [issue]).fetchone()
        return int(version)

    def prefer_newest_first(self, *, wanted: bool) -> None:
        """Have the administrator prefer notes in this order, which only the browser can set."""
        order = "desc" if wanted else "asc"
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.execute("DELETE FROM user_preferences WHERE user_id = 1")
            database.execute(
                "INSERT INTO user_preferences (user_id, others, hide_mail) VALUES (1, ?, 1)",
                [f"---\n:comments_sorting: {order}\n"],
            )

    def _installed(self) -> Path:
        self.software.mkdir(parents=True, exist_ok=True)
        with alone(self.software / f"{self.name}.lock"):
            if not _THERE.exists():
                self.progress(f"installing {self.name}")
                install()
        return Path("/usr/bin")

    def _prepare(self, bin_folder: Path, way: Disguise) -> None:
        for name in ("config", "files", "log", "tmp", "public/plugin_assets"):
            (self.data / name).mkdir(parents=True)
        (self.data / "Gemfile").write_text(_GEMFILE)
        (self.data / "config/database.yml").write_text(_DATABASE.format(self.database))
        (self.data / "config/secret_key.txt").write_text(str(self._facts()["key"]))
        way.give(self.data)
        rake = [*way.prefix, str(bin_folder / "ruby"), str(_HOME / "bin/rake")]
        with alone(self.software / f"{self.name}.lock"):
            shutil.copyfile(self._empty(lambda task: self._run([*rake, task], cwd=_HOME)), self.database)
        self._fill()

    def _empty(self, rake: Callable[[str], None]) -> Path:
        """A database with Redmine's defaults and nothing else, which takes longest and is made once."""
        version = hashlib.sha256((_HOME / "lib/redmine/version.rb").read_bytes()).hexdigest()[:12]
        empty = self.software / f"{self.name}-{version}.sqlite"
        if not empty.exists():
            rake("db:migrate")
            rake("redmine:load_default_data")
            made = empty.with_suffix(".new")
            shutil.copyfile(self.database, made)
            made.rename(empty)
        return empty

    def _fill(self) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("UPDATE users SET must_change_passwd = 0")
            database.execute(
                "INSERT INTO settings (name, value, updated_on) VALUES ('rest_api_enabled', '1', ?)", [now]
            )
            database.execute(
                "INSERT INTO tokens (user_id, action, value, created_on) VALUES (1, 'api', ?, ?)",
                [self.secrets["api_key"], now],
            )
            database.executemany(
                "INSERT INTO custom_fields (id, type, name, field_format, possible_values, multiple, is_for_all,"
                " format_store) VALUES (?, 'IssueCustomField', ?, ?, ?, ?, 1, '--- {}')",
                [(number, *field) for number, field in enumerate(_FIELDS, 1)],
            )
            database.execute(
                "INSERT INTO custom_fields_trackers (custom_field_id, tracker_id)"
                " SELECT custom_fields.id, trackers.id FROM custom_fields, trackers"
            )

    def _command(self, bin_folder: Path) -> list[str]:
        number = self.data / "rails.pid"
        number.unlink(missing_ok=True)
        rails = [str(bin_folder / "ruby"), str(_HOME / "bin/rails"), "server", "-u", "webrick"]
        return [*rails, "-b", "127.0.0.1", "-p", str(self.port), "-P", str(number)]

    def _probe(self) -> object:
        return self.rest("GET", "users/current")

    def _headers(self) -> dict[str, str]:
        return {"X-Redmine-API-Key": self.secrets["api_key"]}

    def _environment(self) -> dict[str, str]:
        return {
            **super()._environment(),
            "BUNDLE_GEMFILE": str(self.data / "Gemfile"),
            # Debian's Redmine keeps each instance below a folder of the system; this leads out of it to ours.
            "REDMINE_INSTANCE": "../" * 8 + str(self.data).lstrip("/"),
            "REDMINE_LANG": "en",
            "SCHEMA": os.devnull,
            "TZ": "UTC",
        }


def install() -> None:
    """Install Debian's packages, without an instance of the system's; raises InstallFailed."""
    _apt(["debconf-set-selections"], "redmine redmine/current-instances string \n")
    _apt(["apt-get", "update", "--quiet"])
    done = _called(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *_PACKAGES])
    if done.returncode:  # Bundler does not find gems that lack a folder, which the package does not make
        for described in (path for root in _GEMS for path in root.glob("*/specifications/*.gemspec")):
            (described.parents[1] / "gems" / described.stem).mkdir(parents=True, exist_ok=True)
        _apt(["dpkg", "--configure", "-a"])
    if not _THERE.exists():
        raise InstallFailed(f"apt did not install Redmine; it said: {done.stderr.strip()[-600:]}")


def _apt(command: list[str], told: str | None = None) -> None:
    done = _called(command, told)
    if done.returncode:
        raise InstallFailed(
            f"{' '.join(command)} failed; check the connection to Debian's packages, and run it again."
            f" It said: {done.stderr.strip()[-600:]}"
        )


def _called(command: list[str], told: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, input=told, env=environment, capture_output=True, text=True, check=False)
