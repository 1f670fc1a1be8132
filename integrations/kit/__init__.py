"""What every adapter needs, once.

An adapter imports its words from here; the shell from client, provider and errors.
"""

from integrations.kit.auth import Basic, Bearer, HeaderKey, OAuth2, QueryKey
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, PUT, Api, Check, Since, Table
from integrations.kit.lenses import at, choice, compute, day, each, instant, nested, only, ref, refs
from integrations.kit.limiter import Rate
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor, ByLink, ByOffset, ByPage
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Embedded, Provider, Resource, Setting

__all__ = [
    "DELETE",
    "GET",
    "MISSING",
    "PATCH",
    "POST",
    "PUT",
    "Api",
    "Basic",
    "Bearer",
    "ByCursor",
    "ByLink",
    "ByOffset",
    "ByPage",
    "Check",
    "Embedded",
    "HeaderKey",
    "Mapping",
    "OAuth2",
    "Provider",
    "QueryKey",
    "Rate",
    "Resource",
    "Setting",
    "Since",
    "Table",
    "at",
    "choice",
    "compute",
    "day",
    "dig",
    "each",
    "instant",
    "nested",
    "only",
    "ref",
    "refs",
]
