"""What a JMESPath finds in a record: the lens of custom fields, which no adapter knows beforehand."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from integrations.kit.errors import Unmappable
from integrations.kit.lens import Lens
from integrations.kit.paths import MISSING

_FIRST: Final = re.compile(r'\s*(?:"((?:[^"\\]|\\.)+)"|([A-Za-z_]\w*)\b(?!\s*\())')


class NoPath(ValueError):
    """What somebody gave is no JMESPath; the sentence says where it goes wrong."""


@dataclass(frozen=True, kw_only=True)
class SearchLens(Lens):
    """path: a JMESPath. An answer that lacks the name it begins with does not speak of the field."""

    def read(self, record: Any) -> Any:
        """What is found; null where there is nothing."""
        first = _FIRST.match(str(self.path))
        if first and isinstance(record, dict) and (first[1] or first[2]) not in record:
            return MISSING
        try:
            return compiled(str(self.path)).search(record)
        except JMESPathError as error:
            raise Unmappable(f"{self.path}: {error}") from None


@functools.lru_cache(maxsize=1024)
def compiled(text: str) -> Any:
    """The path, understood; raises NoPath."""
    try:
        return jmespath.compile(text)
    except JMESPathError as error:
        raise NoPath(f"{text!r} is no JMESPath: {str(error).splitlines()[0]}") from None
