"""How long it takes to read a text that somebody else has written."""

from __future__ import annotations

import time

import pytest

from unified_api.engine import markup

FEW, MANY = 250, 4000
#: Each begins something that never ends.
OPENINGS = (
    *(
        "<!--",
        "<![CDATA[",
        "<?",
        "<!x",
        "<!doctype ",
        "</x",
        "</b",
        "<a ",
        "<b a",
        "<a b=",
        "<b x= ",
        "<script>",
    ),
    *('<a href="', "<a href='", '<a href="x>', "<a b=\"><b c='>", "&#", "&#9", "<b>&", "<a>", "<b =", "<b  "),
)


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_text_is_read_in_time_that_grows_with_its_length(opening: str) -> None:
    """Sixteen times as long takes far less than sixteen squared times as long."""
    few, many = (_seconds("<b>" + opening * count) for count in (FEW, MANY))

    assert many < few * 5 * MANY / FEW


def test_what_never_ends_is_text() -> None:
    """It is read as it stands, so that two such texts are not taken for one."""
    for opening in OPENINGS[:7]:
        assert markup.read(f"<b>one</b> {opening}") == f"one {opening}".strip()


def _seconds(text: str) -> float:
    """Of this process, at best."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        markup.read(text)
        spent.append(time.process_time() - begun)
    return min(spent)
