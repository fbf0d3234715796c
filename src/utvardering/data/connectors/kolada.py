"""Key figures of municipalities from Kolada (v3): all that was asked for, or a fault that names what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from utvardering.data.connectors.base import Collected, Request, query_faults, read_query
from utvardering.data.connectors.http import Server
from utvardering.data.connectors.kolada_alike import AlikeQuery, collected
from utvardering.data.connectors.kolada_figures import cube
from utvardering.data.connectors.kolada_pages import BATCH, Pages
from utvardering.data.connectors.kolada_query import NATION, KoladaQuery, looks_like_id
from utvardering.data.connectors.kolada_reply import Described, Group, Place
from utvardering.data.connectors.kolada_table import Answer
from utvardering.data.faults import listed
from utvardering.data.municipalities import municipalities, resolve
from utvardering.errors import DataError
from utvardering.outputs import Parts
from utvardering.study.vocabulary import did_you_mean

ADDRESS = "https://api.kolada.se/v3"
INTERVAL = 0.2  # seconds between calls; Kolada states no limit
MOST_LISTED = 10


@dataclass(frozen=True)
class Kolada:
    """The connector; see `KoladaQuery` and `AlikeQuery` for what may be asked."""

    name: str = "kolada"

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query of figures, or of municipalities that are alike."""
        return query_faults(AlikeQuery if _of_alike(query) else KoladaQuery, query)

    def collect(self, request: Request) -> Collected:
        """A row per municipality and year: unit, period, each figure's column, and the population where counts are rebuilt.

        `beside["missing"]` lists the cells that have no value, each with its reason. A query with `alike_year` gives instead a
        row per municipality and one that is like it: unit, alike, family.
        """
        address = request.address or ADDRESS
        if _of_alike(request.source.query):
            asked = read_query(AlikeQuery, request.source.query)
            with Server(address, INTERVAL, request.pace, request.timeout, request.tell) as server:
                groups = list(Pages(server, Parts(request.work), request.tell).every(Group, "/municipality_groups"))
                return collected(asked, groups, request.language, server.address)
        query = read_query(KoladaQuery, request.source.query)
        with Server(address, INTERVAL, request.pace, request.timeout, request.tell) as server:
            pages = Pages(server, Parts(request.work), request.tell)
            units = _units(query, pages)
            titles = _titles(query, pages)
            figures = [*titles]
            nation = [NATION] if query.counts and query.municipalities == "all" else []
            cells = pages.cells(figures, [*units, *nation], query.years)
        found = cube(cells, figures, [*units, *nation], query.years, query.gender, server.address)
        return Answer(query, found, tuple(units), titles, request.language, server.address).collected()


def _of_alike(query: object) -> bool:
    return isinstance(query, dict) and "alike_year" in query


def _units(query: KoladaQuery, pages: Pages) -> list[str]:
    """Codes in their order; a DataError where Kolada's municipalities are others than those of the map."""
    places = {place.id: place for place in pages.every(Place, "/municipality")}
    own = {code for code, place in places.items() if place.type == "K"}
    if query.municipalities == "all" and own != set(municipalities()):
        gone = listed(sorted(set(municipalities()) - own), MOST_LISTED) or "none"
        new = listed(sorted(own - set(municipalities())), MOST_LISTED) or "none"
        message = (
            f"{pages.server.address}/municipality: Kolada's municipalities are others than those that this program knows "
            f"(gone: {gone}; new: {new}); list those that you want"
        )
        raise DataError(message)
    wanted = [*municipalities()] if query.municipalities == "all" else [resolve(name) for name in query.municipalities]
    if query.municipality_group:
        wanted += _members(query.municipality_group, pages)
    unknown = sorted(set(wanted) - own)
    if unknown:
        message = f"{pages.server.address}/municipality: Kolada has no municipality {listed(unknown, MOST_LISTED)}"
        raise DataError(message)
    return sorted(set(wanted))


def _members(name: str, pages: Pages) -> list[str]:
    groups = list(pages.every(Group, "/municipality_groups"))
    found = [group for group in groups if name == (group.id if looks_like_id(name) else group.title)]
    if len(found) != 1:
        many = f"there are {len(found)} groups of that name; write the id of one, such as {found[0].id}" if found else ""
        hint = many or f'there is no group "{name}".{did_you_mean(name, [group.title for group in groups])}'
        message = f"{pages.server.address}/municipality_groups: municipality_group: {hint}"
        raise DataError(message)
    return [member.member_id for member in found[0].members]


def _titles(query: KoladaQuery, pages: Pages) -> dict[str, str]:
    """Id to title of every figure that is fetched; a DataError with the ids that Kolada does not have."""
    wanted = [name for figure in query.figures for name in (figure.id, *([figure.margin_id] if figure.margin else []))]
    wanted += [query.population] if query.counts else []
    wanted = list(dict.fromkeys(wanted))
    known: dict[str, str] = {}
    for at in range(0, len(wanted), BATCH):
        known |= {one.id: one.title for one in pages.every(Described, f"/kpi/{','.join(wanted[at : at + BATCH])}")}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        message = f"{pages.server.address}/kpi: Kolada has no figure {listed(unknown, MOST_LISTED)}"
        raise DataError(message)
    return {name: known[name] for name in wanted}


CONNECTOR = Kolada()
