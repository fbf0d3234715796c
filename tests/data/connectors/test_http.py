"""How long is a server waited for, and when is it given up?"""

from __future__ import annotations

import pytest
from kolada_server import serving

from utvardering.data.connectors.http import NoAnswerError, Server
from utvardering.errors import DataError

CELLS = {("N07403", "0114", 2019): 12.5}


def asked(fault, *calls, **options):
    """The waits of one call to a server that fails in `calls`, and what it answered or which fault was told."""
    waits: list[float] = []
    with serving(CELLS, dict.fromkeys(calls, fault)) as kolada, Server(kolada.address, sleep=waits.append, **options) as server:
        try:
            found = server.json("/kpi/N07403")["values"][0]["id"]
        except DataError as error:
            found = (type(error), str(error).replace(kolada.address, "ADDRESS"))
        return waits, found, len(kolada.asked)


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        ("429", [1.0]),
        ("429 after", [2.0]),
        ("500", [1.0]),
        ("503", [1.0]),
        ("reset", [1.0]),
        ("truncated", [1.0]),
        ("short", [1.0]),
        ("html", [1.0]),
    ],
)
def test_what_may_pass_is_tried_again_after_the_wait_that_the_server_asks_for(fault, waits):
    assert asked(fault, 1) == (waits, "N07403", 2)


def test_a_date_of_patience_is_kept():
    waits, found, _ = asked("429 date", 1)
    assert found == "N07403"
    assert len(waits) == 1
    assert 1.0 <= waits[0] <= 2.0


def test_waits_double_and_the_sixth_failure_is_told():
    waits, found, calls = asked("500", 0)
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert calls == 6
    assert found == (
        NoAnswerError,
        (
            "ADDRESS/kpi/N07403: no answer that can be used after 6 attempts; the last: 500 Internal Server Error. "
            "Fetch again later"
        ),
    )


def test_a_server_that_is_slow_once_is_asked_again():
    waits, found, _ = asked("timeout", 1, timeout=0.2)
    assert (waits, found) == ([1.0], "N07403")


def test_a_server_that_wants_hours_is_left_alone():
    waits, found, _ = asked("429 long", 1)
    assert waits == []
    assert found == (NoAnswerError, "ADDRESS/kpi/N07403: the server asks for 7200 s of patience; fetch again after that")


def test_a_refusal_is_not_repeated():
    waits, found, _ = asked("404", 1)
    assert waits == []
    assert found == (DataError, "ADDRESS/kpi/N07403: the server answers 404 Not Found: not now")


def test_calls_keep_their_distance():
    waits: list[float] = []
    with serving(CELLS) as kolada, Server(kolada.address, interval=5.0, sleep=waits.append) as server:
        for _ in range(3):
            server.json("/kpi/N07403")
    assert len(waits) == 2
    assert all(4.5 < wait <= 5.0 for wait in waits)


def test_nobody_there():
    waits: list[float] = []
    with serving(CELLS) as gone:
        pass
    with (
        Server(gone.address, sleep=waits.append) as server,
        pytest.raises(NoAnswerError, match="after 6 attempts; the last: the conn"),
    ):
        server.json("/kpi/N07403")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            "https://example.org/v3/data?page=2",
            'its answer leads to another host, "example.org"; nothing is fetched from there',
        ),
        ("http://127.0.0.1/v4/data?page=2", 'its answer leads to "/v4/data?page=2", which is not below it'),
    ],
)
def test_no_answer_leads_elsewhere(address, told):
    with Server("http://127.0.0.1/v3") as server, pytest.raises(DataError) as caught:
        server.within(address)
    assert told in str(caught.value)


def test_the_next_page_is_asked_of_the_server_itself():
    with Server("https://api.kolada.se/v3/") as server:
        assert (
            server.within("http://api.kolada.se/v3/data/kpi/N07403?page=2&per_page=5000")
            == "/data/kpi/N07403?page=2&per_page=5000"
        )
