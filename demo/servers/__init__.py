"""Third-party servers as they are released: each in an environment of its own, on a free port of loopback.

`software` is where environments are kept, for all that run; `data` is one server's own folder. A server keeps
its port, its password and what is in it from start to start.
"""

from demo.servers.canaille import Canaille
from demo.servers.helpdesk import HelpDesk
from demo.servers.redmine import Redmine
from demo.servers.roundup import Roundup
from demo.servers.server import Server, ServerFailed
from demo.servers.tryton import Tryton

__all__ = ["Canaille", "HelpDesk", "Redmine", "Roundup", "Server", "ServerFailed", "Tryton"]
