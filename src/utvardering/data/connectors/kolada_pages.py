"""Every page of a list, in batches that Kolada takes; they are kept, so that a broken fetch goes on from there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from utvardering.data.connectors.base import Tell
from utvardering.data.connectors.http import Server
from utvardering.data.connectors.kolada_reply import Cell, Item, Page, read_page
from utvardering.errors import DataError
from utvardering.outputs import Parts

BATCH = 25  # ids in a part of an address
PER_PAGE = 5000
MOST_PAGES = 10_000  # of one list: beyond, it goes in a circle


@dataclass(frozen=True)
class Pages:
    """Lists of Kolada; `kept` holds the pages that have been fetched today."""

    server: Server
    kept: Parts
    tell: Tell

    def every(self, item: type[Item], path: str) -> Iterator[Item]:
        """Every item of a list, page after page until `next_url` is null."""
        address: str | None = f"{path}?per_page={PER_PAGE}"
        seen: set[str] = set()
        while address is not None:
            if address in seen or len(seen) == MOST_PAGES:
                message = f"{self.server.address}{address}: Kolada's pages go in a circle; nothing of them is used"
                raise DataError(message)
            seen.add(address)
            page = self._page(item, address)
            yield from page.values
            address = self.server.within(page.next_url) if page.next_url else None

    def cells(self, figures: Sequence[str], units: Sequence[str], years: Sequence[int]) -> list[Cell]:
        """Cells of figures × units × years, at most BATCH of each in a call."""
        calls = list(product(_batches(figures), _batches(units), _batches([str(year) for year in years])))
        found: list[Cell] = []
        for done, (kpi, municipality, year) in enumerate(calls):
            self.tell("figures", done, len(calls))
            path = f"/data/kpi/{','.join(kpi)}/municipality/{','.join(municipality)}/year/{','.join(year)}"
            for cell in self.every(Cell, path):
                if cell.kpi not in kpi or cell.municipality not in municipality or str(cell.period) not in year:
                    told = f"{cell.kpi}, {cell.municipality}, {cell.period}"
                    message = f"{self.server.address}{path}: Kolada answers with {told}, which was not asked for"
                    raise DataError(message)
                found.append(cell)
        self.tell("figures", len(calls), len(calls))
        return found

    def _page(self, item: type[Item], address: str) -> Page[Item]:
        """A page that is kept, or from the server; kept only when its form is known."""
        name = hashlib.sha256(f"{self.server.address}{address}".encode()).hexdigest()[:32]
        kept = self.kept.get(name)
        if kept is not None and kept.get("address") == address:
            return read_page(item, kept["content"], self.server.address + address)
        content = self.server.json(address)
        page = read_page(item, content, self.server.address + address)
        self.kept.put(name, {"address": address, "content": content})
        return page


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + BATCH] for at in range(0, len(ids), BATCH)]
