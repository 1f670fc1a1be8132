"""The routes of the API as requests find them: a path is compared with the few routes that begin as it does.

Django compares it with one after the other, and keeps a note of each that does not match, as long as the request. With
all routes of the API that is a good part of what an answer costs, and more the later a category stands in the list.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from django.urls import ResolverMatch, URLPattern, URLResolver
from django.urls.resolvers import RoutePattern

#: Of a path: the prefix of the API, a category, its version, a model.
_SEGMENTS: Final = 4


class Routes(URLResolver):
    """Routes below a prefix of one segment, such as `api/`. As in any list, the first one that matches counts."""

    def resolve(self, path: str) -> ResolverMatch:
        """The route of a path; raises Resolver404."""
        near: Any = self._near.get(_beginning(path), super())
        found: ResolverMatch = near.resolve(path)
        return found

    @cached_property
    def _near(self) -> dict[str, URLResolver]:
        """By how a path begins: the routes that begin so, and those of which it cannot be told, in their order."""
        begins = [(one, self._beginning_of(one)) for one in self.url_patterns]
        return {
            near: URLResolver(self.pattern, [one for one, known in begins if known in {near, None}])
            for near in {known for _, known in begins if known is not None}
        }

    def _beginning_of(self, route: URLPattern | URLResolver) -> str | None:
        """How all paths of a route begin; None where they differ in that."""
        known = _beginning(f"{self.pattern}{route.pattern}")
        return known if isinstance(route.pattern, RoutePattern) and "<" not in known else None


def _beginning(path: str) -> str:
    return "/".join(path.split("/", _SEGMENTS)[:_SEGMENTS])
