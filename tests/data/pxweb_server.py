"""A server on this machine that speaks PxWebApi 2 in json-stat2, with faults to order. The figures are made up."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from urllib.parse import urlsplit

Fault = Callable[[int, dict], object]
"""Given the number of the call for data and the answer: another answer, `(status, headers)`, bytes, or seconds to wait."""


@dataclass
class Table:
    """Dimensions (code → label, codes with labels, elimination) and a figure for each cell."""

    dimensions: dict[str, tuple[str, dict[str, str], bool]]
    figure: Callable[..., float | None]
    label: str = "Folkmängd efter region och år"

    def stat(self, chosen: dict[str, list[str]]) -> dict:
        """The chosen cells as json-stat2."""
        held = self.dimensions.items()
        shown = {name: chosen.get(name, list(codes)) for name, (_, codes, out) in held if name in chosen or not out}
        return {
            "version": "2.0", "class": "dataset", "label": self.label,
            "id": list(shown), "size": [len(codes) for codes in shown.values()],
            "dimension": {
                name: {
                    "label": self.dimensions[name][0],
                    "category": {
                        "index": {code: place for place, code in enumerate(codes)},
                        "label": {code: self.dimensions[name][1][code] for code in codes},
                    },
                    "extension": {"elimination": self.dimensions[name][2]},
                }
                for name, codes in shown.items()
            },
            "value": [self.figure(**dict(zip(shown, cell, strict=True))) for cell in product(*shown.values())],
        }  # fmt: skip


@dataclass
class PxWeb:
    """The running server."""

    address: str
    calls: list[dict] = field(default_factory=list)


@contextmanager
def serving(  # noqa: C901 -- one handler with its few answers
    tables: dict[str, Table], fault: Fault | None = None, meta: Callable[[dict], dict] | None = None
) -> Iterator[PxWeb]:
    """Serve the tables until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def answer(self, content: object, status: int = 200, headers: dict | None = None) -> None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            parts = urlsplit(self.path).path.strip("/").split("/")
            if parts[-1] == "config":
                limits = {"maxDataCells": 150_000, "maxCallsPerTimeWindow": 30, "timeWindow": 10}
                self.answer({"apiVersion": "2.0.0", "defaultLanguage": "sv", **limits})
            elif parts[-1] == "tables":
                self.answer({"tables": [], "page": {"totalElements": len(tables)}})
            elif parts[-1] == "metadata" and parts[-2] in tables:
                table = tables[parts[-2]]
                found = table.stat({name: list(codes) for name, (_, codes, _) in table.dimensions.items()}) | {"value": []}
                self.answer(meta(found) if meta else found)
            else:
                self.answer({"type": "Parameter error", "title": "Non-existent table", "status": 404}, 404)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chosen = {item["variableCode"]: item["valueCodes"] for item in asked["selection"]}
            px.calls.append(chosen)
            found: object = tables[urlsplit(self.path).path.split("/")[-2]].stat(chosen)
            found = fault(len(px.calls), found) if fault else found
            if isinstance(found, float):
                time.sleep(found)
                found = {}
            if isinstance(found, tuple):
                self.answer({"title": "fault"}, found[0], found[1])
            else:
                self.answer(found)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    px = PxWeb(f"http://127.0.0.1:{server.server_address[1]}/api/v2")
    try:
        yield px
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
