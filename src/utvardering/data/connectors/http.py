"""How is a public server asked? One call at a time; what may pass is tried again, what will not is said at once."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import httpx
import tenacity

from utvardering.data.connectors.base import Tell
from utvardering.errors import DataError

PASSING = {429, 500, 502, 503, 504}
"""Answers of a server that may be another the next time."""

ATTEMPTS = 6
FIRST_WAIT = 1.0  # seconds; doubled each time
LONGEST_WAIT = 60.0
MOST_ASKED = 300.0  # seconds that a server may ask for before the fetch gives up for today
TIMEOUT = 60.0


class NoAnswerError(DataError):
    """The server does not answer, or not now: what has been fetched is kept, and the next fetch goes on from there."""


class _PassingError(Exception):
    """A failed call that may succeed; `asked` is how many seconds the server wants to be left alone."""

    def __init__(self, what: str, asked: float | None = None) -> None:
        super().__init__(what)
        self.asked = asked


@dataclass
class Server:
    """A server and how it is asked.

    address   without a slash at the end, such as https://api.kolada.se/v3
    interval  seconds between two calls at least
    pace      every wait is multiplied by it
    timeout   seconds without an answer
    tell      told of each wait
    """

    address: str
    interval: float = 0.0
    pace: float = 1.0
    timeout: float = TIMEOUT
    tell: Tell | None = None
    sleep: Callable[[float], None] = time.sleep
    _client: httpx.Client = field(init=False, repr=False)
    _last: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        self.address = self.address.rstrip("/")
        self._client = httpx.Client(
            timeout=httpx.Timeout(self.timeout),
            headers={"User-Agent": f"utvardering/{version('utvardering')}", "Accept": "application/json"},
            trust_env=not is_own(self.address),  # a proxy does not know this machine
            verify=self.address.startswith("https"),  # its certificates take a while to read
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def json(self, path: str, params: dict[str, str] | None = None) -> Any:  # noqa: ANN401 -- whatever JSON holds
        """What the server answers to GET address + path.

        Raises a NoAnswerError with the address and the last answer where all attempts failed or the server asks for more
        patience than a fetch has, and a DataError where it refuses.
        """
        url = httpx.URL(self.address + path, params=params) if params else httpx.URL(self.address + path)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_PassingError),
            before_sleep=self._tell_wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(self._get, url)
        except _PassingError as fault:
            message = f"{url}: no answer that can be used after {ATTEMPTS} attempts; the last: {fault}. Fetch again later"
            raise NoAnswerError(message) from fault

    def within(self, address: str) -> str:
        """The part of an absolute address after the server's own; a DataError where it leads to another host or place."""
        own, other = httpx.URL(self.address), httpx.URL(address)
        if other.host and other.host != own.host:
            message = f'{self.address}: its answer leads to another host, "{other.host}"; nothing is fetched from there'
            raise DataError(message)
        whole = other.raw_path.decode("ascii")
        if not whole.startswith(own.path):
            message = f'{self.address}: its answer leads to "{whole}", which is not below it; nothing is fetched from there'
            raise DataError(message)
        return whole[len(own.path) :] if own.path != "/" else whole

    def _get(self, url: httpx.URL, redirects: int = 3) -> Any:  # noqa: ANN401 -- as above
        pause = self._last + self.interval * self.pace - time.monotonic()
        if pause > 0:
            self.sleep(pause)
        try:
            answer = self._client.get(url)
        except httpx.TimeoutException as error:
            what = f"nothing within {self.timeout:g} s"
            raise _PassingError(what) from error
        except httpx.TransportError as error:
            what = f"the connection failed ({error or type(error).__name__})"
            raise _PassingError(what) from error
        finally:
            self._last = time.monotonic()
        if answer.status_code in PASSING:
            asked = _asked(answer.headers.get("Retry-After", ""))
            if asked is not None and asked > MOST_ASKED:
                message = f"{url}: the server asks for {asked:.0f} s of patience; fetch again after that"
                raise NoAnswerError(message)
            what = f"{answer.status_code} {answer.reason_phrase}"
            raise _PassingError(what, asked)
        if answer.has_redirect_location and redirects:
            return self._get(httpx.URL(self.address + self.within(answer.headers["Location"])), redirects - 1)
        if answer.status_code != httpx.codes.OK:
            message = f"{url}: the server answers {answer.status_code} {answer.reason_phrase}{_said(answer)}"
            raise DataError(message)
        try:
            return json.loads(answer.content, parse_constant=_no_number)
        except ValueError as error:
            what = f"text that is not whole JSON ({len(answer.content)} bytes)"
            raise _PassingError(what) from error

    def _wait(self, state: tenacity.RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        doubled = min(FIRST_WAIT * 2 ** (state.attempt_number - 1), LONGEST_WAIT)
        asked = fault.asked if isinstance(fault, _PassingError) else None
        return self.pace * max(doubled, asked or 0.0)

    def _tell_wait(self, state: tenacity.RetryCallState) -> None:
        fault = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        if self.tell:
            self.tell(f"{fault}: waits {wait:.1f} s, then attempt {state.attempt_number + 1} of {ATTEMPTS}", 0, 0)


def is_own(address: str) -> bool:
    """Whether an address is on this machine."""
    return httpx.URL(address).host in {"localhost", "127.0.0.1", "::1"}


def _asked(text: str) -> float | None:
    """Seconds of a Retry-After, which is a number or a date."""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max((moment - dt.datetime.now(dt.UTC)).total_seconds(), 0.0)


def _said(answer: httpx.Response) -> str:
    """The first words of what a server says when it refuses, where that is text."""
    words = " ".join(answer.text.split())[:200] if "html" not in answer.headers.get("Content-Type", "") else ""
    return f": {words}" if words else ""


def _no_number(text: str) -> float:
    msg = f"{text} is no number of JSON"
    raise ValueError(msg)
