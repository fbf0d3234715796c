"""A server on this machine that speaks Kolada's protocol (v3), and can be told to fail.

Figures are those of `../shared/data/brott-kommun-ar.csv`, as rates per 100,000 of the population of 31 December, or of cells
that a test gives. The nation is made up: the file holds municipalities only, and the nation is their sum divided by a share
drawn from 0.77 to 0.90 for each year.

By hand:  python -m tests.data.kolada_server ../shared/data/brott-kommun-ar.csv
"""

from __future__ import annotations

import csv
import email.utils
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np

from utvardering.data.municipalities import municipalities

SHARED = Path(__file__).parents[3] / "shared" / "data" / "brott-kommun-ar.csv"
FIGURES = {
    "valdsbrott": "N07403",
    "skadegorelse": "U07452",
    "narkotika": "N07544",
    "bostadsinbrott": "N07546",
    "bilbrott": "N07547",
}
POPULATION = "N01951"
NATION = "0000"
GROUPS = {
    "G1001": ("Liknande kommuner, övergripande, Malmö, 2022", ("1480", "0180", "0380", "0580", "1281", "1283", "1880")),
    "G1005": ("Liknande kommuner socioekonomi, Malmö, 2022", ("1480", "1380")),
    "G1006": ("Liknande kommuner socioekonomi, Lund, 2022", ("0380", "1281")),
    "G1007": ("Liknande kommuner socioekonomi, Lund, 2021", ("0580",)),
    "G1002": ("Ensamt namn", ("0114",)),
    "G1003": ("Dubbelt namn", ("0114",)),
    "G1004": ("Dubbelt namn", ("0115",)),
}

Key = tuple[str, str, int]
Cells = Mapping[Key, float | None]
Payload = dict[str, object]


def cells_of(path: Path = SHARED) -> dict[Key, float | None]:
    """(figure, municipality, year) to value; None where the file has no number."""
    found: dict[Key, float | None] = {}
    sums: dict[tuple[str, int], int] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            unit, year, people = row["kommunkod"], int(row["ar"]), int(row["befolkning"])
            found[POPULATION, unit, year] = people
            sums[POPULATION, year] = sums.get((POPULATION, year), 0) + people
            for column, figure in FIGURES.items():
                count = int(float(row[column])) if row[column] else None
                found[figure, unit, year] = None if count is None else count * 100_000 / people
                sums[figure, year] = sums.get((figure, year), 0) + (count or 0)
    share = np.random.default_rng(20261122)
    for (figure, year), whole in sorted(sums.items()):
        nation = whole if figure == POPULATION else round(whole / share.uniform(0.77, 0.90))
        people = sums[POPULATION, year]
        found[figure, NATION, year] = nation if figure == POPULATION else nation * 100_000 / people
    return found


@dataclass
class Kolada:
    """The server: what it holds, how it fails, and what it was asked.

    faults     number of a call (from 1; 0 is every call) to the name of a fault, see `_broken` and `_changed`
    page_size  most items that it sends in a page
    slow       seconds that every answer takes
    asked      path and query of every call
    """

    cells: Cells
    faults: dict[int, str] = field(default_factory=dict)
    page_size: int = 5000
    slow: float = 0.0
    asked: list[str] = field(default_factory=list)
    address: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=municipalities)

    def answer(self, target: str) -> Payload | None:
        """The page of a path; None where there is none."""
        url = urlsplit(target)
        parts = [part for part in url.path.removeprefix("/v3").split("/") if part]
        items = self._items(parts)
        if items is None:
            return None
        options = parse_qs(url.query)
        size = min(int(options.get("per_page", ["5000"])[0]), self.page_size)
        page = int(options.get("page", ["1"])[0])
        values = items[(page - 1) * size : page * size]
        more = page * size < len(items)
        following = f"{self.address}{url.path.removeprefix('/v3')}?page={page + 1}&per_page={size}" if more else None
        return {"values": values, "count": len(values), "next_url": following}

    def _items(self, parts: list[str]) -> list[object] | None:
        if parts == ["municipality"]:
            places = [{"id": code, "title": name, "type": "K"} for code, name in self.places.items()]
            return [
                {"id": NATION, "title": "Riket", "type": "L"},
                {"id": "0001", "title": "Region Exempel", "type": "L"},
                *places,
            ]
        if parts == ["municipality_groups"]:
            names = municipalities()
            return [
                {"id": id_, "title": title, "members": [{"member_id": m, "member_title": names[m]} for m in members]}
                for id_, (title, members) in GROUPS.items()
            ]
        if len(parts) == 2 and parts[0] == "kpi":
            known = {key[0] for key in self.cells}
            return [
                {"id": i, "title": self.titles.get(i, f"Nyckeltal {i}"), "auspices": None}
                for i in parts[1].split(",")
                if i in known
            ]
        if parts[:2] == ["data", "kpi"] and len(parts) == 7:
            asked = [parts[at].split(",") for at in (2, 4, 6)]
            if any(len(ids) > 25 for ids in asked):
                return None
            keys = [(f, u, int(y)) for f in asked[0] for u in asked[1] for y in asked[2]]
            return [_cell(key, self.cells[key]) for key in keys if key in self.cells]
        return None


def _cell(key: Key, value: float | None) -> Payload:
    status = "Missing" if value is None else ""
    held = {"gender": "T", "count": int(value is not None), "status": status, "value": value, "isdeleted": False}
    return {"kpi": key[0], "municipality": key[1], "period": key[2], "values": [held]}


def _changed(fault: str, page: Payload, address: str) -> Payload:  # noqa: C901, PLR0912 -- one branch for each fault
    """A page with a fault in what it says."""
    page = json.loads(json.dumps(page))
    values = page["values"]
    of_cells = bool(values) and "values" in values[0]
    if fault == "elsewhere":
        page["next_url"] = "http://example.org/v3/data?page=2"
    elif fault == "circle":
        page["next_url"] = f"{address}/municipality?per_page=5000"
    elif fault == "empty":
        page |= {"values": [], "count": 0}
    elif fault == "count":
        page["count"] = len(values) - 1
    elif fault == "unknown field":
        page["status"] = "ok"
    elif not of_cells:
        return page
    elif fault == "renamed":
        for cell in values:
            cell["values"][0]["is_deleted"] = cell["values"][0].pop("isdeleted")
    elif fault == "extra":
        values[0]["values"][0]["note"] = "ny"
    elif fault == "retyped":
        values[0]["values"][0]["value"] = str(values[0]["values"][0]["value"])
    elif fault == "period as text":
        values[0]["period"] = str(values[0]["period"])
    elif fault == "same twice":
        values.append(values[0])
        page["count"] += 1
    elif fault == "duplicate":
        other = json.loads(json.dumps(values[0]))
        other["values"][0]["value"] = 1.5
        values.append(other)
        page["count"] += 1
    elif fault == "missing":
        del values[3]
        page["count"] -= 1
    elif fault == "deleted":
        values[3]["values"][0]["isdeleted"] = True
    elif fault == "not asked":
        values[0]["municipality"] = "9999"
    elif fault == "marked":
        values[0]["values"][0]["status"] = "Preliminär"
    return page


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet
    kolada: Kolada

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        kolada = self.kolada
        kolada.asked.append(self.path)
        fault = kolada.faults.get(len(kolada.asked), kolada.faults.get(0, ""))
        time.sleep(kolada.slow)
        if not self._broken(fault):
            page = kolada.answer(self.path)
            if page is None:
                self._send(404, b'{"detail": "Not Found"}')
            else:
                self._send(200, json.dumps(_changed(fault, page, kolada.address)).encode())

    def _broken(self, fault: str) -> bool:
        """Answers in a way that is no page; False where this fault is none of these."""
        dated = email.utils.formatdate(time.time() + 2, usegmt=True)
        statuses: dict[str, tuple[int, dict[str, str]]] = {
            "429": (429, {}),
            "429 after": (429, {"Retry-After": "2"}),
            "429 date": (429, {"Retry-After": dated}),
            "429 long": (429, {"Retry-After": "7200"}),
            "500": (500, {}),
            "503": (503, {"Retry-After": "1"}),
            "404": (404, {}),
        }
        if fault in statuses:
            status, headers = statuses[fault]
            self._send(status, b"not now", headers)
        elif fault == "moved":
            self._send(307, b"", {"Location": f"{self.kolada.address}{self.path.removeprefix('/v3')}&moved=1"})
            self.kolada.faults.pop(len(self.kolada.asked), None)
        elif fault == "timeout":
            time.sleep(1.0)
            self.close_connection = True
        elif fault == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault in {"truncated", "short"}:
            whole = json.dumps(self.kolada.answer(self.path)).encode()
            said = {"Connection": "close"}  # else the next call may meet a connection that is just being closed
            self._send(200, whole[: len(whole) // 2], said, length=len(whole) if fault == "short" else None)
        elif fault == "html":
            self._send(200, b"<html>Service unavailable</html>")
        elif fault == "NaN":
            self._send(200, json.dumps(self.kolada.answer(self.path)).replace('"value": ', '"value": NaN, "was": ', 1).encode())
        else:
            return False
        return True

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None, length: int | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):  # who asked has gone
            self.close_connection = True


@contextmanager
def serving(cells: Cells, faults: Mapping[int, str] | None = None, port: int = 0, **options: object) -> Iterator[Kolada]:
    """A running server; `options` are those of `Kolada`."""
    kolada = Kolada(cells, dict(faults or {}), **options)  # type: ignore[arg-type]
    handler: Callable[..., BaseHTTPRequestHandler] = type("Handler", (_Handler,), {"kolada": kolada})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    kolada.address = f"http://127.0.0.1:{server.server_address[1]}/v3"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield kolada
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    with serving(cells_of(Path(sys.argv[1])), port=int(sys.argv[2]) if len(sys.argv) > 2 else 0) as running:
        print(running.address, flush=True)  # noqa: T201 -- started by hand or by a test, which reads it
        threading.Event().wait()
