"""Paging: every page once, in order, resumable, never for ever."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.errors import Misconfigured
from integrations.kit.paging import MOST_EMPTY, ByCursor, ByLink, ByOffset, ByPage, Paging, Turn

ROWS = st.lists(st.integers(), max_size=40)
SIZES = st.integers(min_value=1, max_value=7)


def answer(paging: Paging, rows: list[int], query: dict[str, str], size: int) -> Turn:
    """What a provider with these rows says."""
    if isinstance(paging, ByOffset):
        start = int(query["offset"])
    elif isinstance(paging, ByPage):
        start = (int(query["page"]) - 1) * size
    else:
        start = int(query.get("cursor", 0))
    page, more = rows[start : start + size], start + size < len(rows)
    following = start + size if more else None
    link = f"https://elsewhere.example/other?x=1&cursor={following}" if more else None
    body = {"rows": page, "count": len(rows), "cursor": following, "next": link}
    headers = {"Link": f'<http://a/b?c=d>; rel="prev", <{link}>; rel="next last"' if more else ""}
    return Turn(body, headers, len(page))


def everything(paging: Paging, rows: list[int], size: int) -> list[int]:
    """All rows, with the state going through JSON between pages, as when a run is resumed."""
    found: list[int] = []
    state: dict[str, Any] | None = None
    for _page in range(100):
        turn = answer(paging, rows, paging.params(state), size)
        found += turn.body["rows"]
        state = json.loads(json.dumps(paging.next(state, turn)))
        if state is None:
            return found
    raise AssertionError("it never ends")


@given(rows=ROWS, size=SIZES)
def test_every_row_once_and_in_order(rows: list[int], size: int) -> None:
    """Whatever the size of pages, and whichever way the provider goes on."""
    ways: list[Paging] = [
        ByPage(size=size),
        ByPage(size=size, total="count"),
        ByPage(size=size, more="next"),
        ByOffset(size=size),
        ByOffset(size=size + 3, total="count"),
        ByCursor("cursor", path="cursor"),
        ByLink(path="next"),
        ByLink(),
    ]
    for way in ways:
        assert everything(way, rows, size) == rows


def test_a_cursor_that_stands_still_is_an_error() -> None:
    """The list would never end, so the run ends."""
    paging = ByCursor("cursor", path="cursor")
    state = paging.next(None, Turn({"cursor": "a"}, {}, 1))

    with pytest.raises(Misconfigured, match="never end"):
        paging.next(state, Turn({"cursor": "a"}, {}, 1))


def test_cursors_that_go_in_circles_are_an_error() -> None:
    """A longer circle is found, too, without remembering every cursor."""
    for paging in (ByCursor("cursor", header="X-Next"), ByLink()):
        state: dict[str, Any] | None = None
        with pytest.raises(Misconfigured, match="never end"):  # noqa: PT012 - somewhere in the loop
            for turn in range(200):
                word = f"{turn % 7}"
                headers = {"X-Next": word, "Link": f'<http://a/?c={word}>; rel="next"'}
                state = paging.next(state, Turn({}, headers, 1))


def test_an_empty_page_that_names_a_next_one_is_followed_but_not_for_ever() -> None:
    """Some providers filter after they have cut the pages: ending there would lose what stands behind."""
    for paging in (ByCursor("c", path="c"), ByLink(path="c")):
        state: dict[str, Any] | None = None
        for turn in range(MOST_EMPTY):
            state = paging.next(state, Turn({"c": f"http://a/?b={turn}"}, {}, 0))
            assert state
        with pytest.raises(Misconfigured, match="in a row are empty"):
            paging.next(state, Turn({"c": "http://a/?b=last"}, {}, 0))
        full = paging.next(state, Turn({"c": "http://a/?b=full"}, {}, 1))
        assert full
        assert "empty" not in full


def test_a_cursor_that_is_always_named_ends_where_nothing_more_is_said() -> None:
    """For providers that name a cursor at the end, too."""
    paging = ByCursor("c", path="c", more="more")

    assert paging.next(None, Turn({"c": "x", "more": True}, {}, 1))
    assert paging.next(None, Turn({"c": "x", "more": False}, {}, 1)) is None


def test_a_list_ends_where_that_is_said_whatever_it_names_behind() -> None:
    """For providers whose last page names the place from which the next run goes on."""
    for paging in (ByCursor("c", path="c", end="last"), ByLink(path="c", end="last")):
        assert paging.next(None, Turn({"c": "http://a/?b=1", "last": False}, {}, 1))
        assert paging.next(None, Turn({"c": "http://a/?b=1", "last": True}, {}, 1)) is None


@pytest.mark.parametrize("odd", [True, 1.5, ["a"], {"a": 1}, "x" * 9_000, "a\x00b", "a\ufffdb", "\ud800"])
def test_a_cursor_that_is_none_is_an_error(odd: Any) -> None:
    """Taken for the end, it would make everything behind it look deleted; kept, it could not be stored."""
    with pytest.raises(Misconfigured, match="cannot be asked for"):
        ByCursor("c", path="c").next(None, Turn({"c": odd}, {}, 1))


@pytest.mark.parametrize("odd", ["/tickets/page/2", "?", "http://[", 7, ["?a=b"]])
def test_a_next_address_that_is_none_is_an_error(odd: Any) -> None:
    """Only the query of an address is used: a page that differs in its path cannot be asked for."""
    with pytest.raises(Misconfigured, match="cannot be asked for"):
        ByLink(path="c").next(None, Turn({"c": odd}, {}, 1))


def test_rows_are_read_again_when_they_moved_forward_under_an_offset() -> None:
    """As many as vanished: they pulled later ones to where we had been."""
    paging = ByOffset(size=3, total="t")
    second = paging.next(None, Turn({"t": 9}, {}, 3))
    assert second == {"offset": 3, "total": 9}

    assert paging.next(second, Turn({"t": 7}, {}, 3)) == {"offset": 1, "total": 7}


def test_an_offset_may_count_from_one() -> None:
    """What it asks for is one more; where the list ends does not change."""
    paging = ByOffset(size=3, total="t", first=1)
    second = paging.next(None, Turn({"t": 4}, {}, 3))

    assert [paging.params(state)["offset"] for state in (None, second)] == ["1", "4"]
    assert paging.next(second, Turn({"t": 4}, {}, 1)) is None


def test_an_empty_page_ends_what_is_counted() -> None:
    """Also when the provider says that there is more."""
    assert ByPage(more="n").next(None, Turn({"n": True}, {}, 0)) is None
    assert ByOffset(total="t").next(None, Turn({"t": 9}, {}, 0)) is None


def test_the_page_before_is_read_again_when_rows_moved_forward() -> None:
    """A row that vanished pulls later ones to earlier pages, where nobody would look."""
    paging = ByPage(size=2, total="count")
    second = paging.next(None, Turn({"count": 6}, {}, 2))
    assert second == {"page": 2, "total": 6}
    again = paging.next(second, Turn({"count": 5}, {}, 2))

    assert again == {"page": 1, "total": 5}
    assert paging.next(again, Turn({"count": 5}, {}, 2)) == {"page": 2, "total": 5}


@pytest.mark.parametrize("odd", [{}, {"c": None}, {"c": ""}, {"c": False}, [], None, "text"])
def test_answers_without_a_cursor_end(odd: Any) -> None:
    """Nothing to go on with is an end, whatever its shape."""
    assert ByCursor("c", path="c").next(None, Turn(odd, {}, 1)) is None
    assert ByLink(path="c").next(None, Turn(odd, {}, 1)) is None


def test_a_cursor_in_two_places_is_refused_at_import() -> None:
    """Contradictory options are one sentence."""
    with pytest.raises(TypeError, match="one of them"):
        ByCursor("c", path="a", header="b")
    with pytest.raises(TypeError, match="one of them"):
        ByCursor("c")


@pytest.mark.parametrize(
    ("header", "query"),
    [
        ('<https://a/b?page=2>; rel="next"', "page=2"),
        ("<https://a/b?page=2>; rel=next", "page=2"),
        ('<https://a/b?p=1>; rel="prev", <https://a/b?p=3>; title="a, b; c"; rel="last next"', "p=3"),
        ('<https://a/b?p=1>; rel="nextish"', None),
        ("garbage", None),
        ("", None),
    ],
)
def test_link_headers(header: str, query: str | None) -> None:
    """RFC 8288: several links, several relations, quoted attributes."""
    state = ByLink().next(None, Turn({}, {"Link": header}, 1))

    assert (state or {}).get("query") == query


def test_where_a_list_begins_is_asked_for_once() -> None:
    """A walk back from the last page comes to the first one, whose address names no page at all."""
    paging = ByLink("previous", size_param="page_size", begin={"page": "last"})
    assert paging.params(None) == {"page_size": "100", "page": "last"}

    state = paging.next(None, Turn({"previous": "https://a/b?page_size=100"}, {}, 4))

    assert paging.params(state) == {"page_size": "100"}
