"""Where does every figure come from? Files with origin and checksum, columns with their files, and what to know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from utvardering.report.results import Results
from utvardering.report.tables import pipe

DIGITS = 12  # of a checksum in the table; the whole one is in provenance.csv


def sources(results: Results) -> str:
    """Each input file with where it is from, when it was fetched, its licence and its checksum."""
    texts = results.texts
    rows = [
        (
            f"`{file}`",
            _origin(results, _about(results, file)) or texts("word.none"),
            f"`{digest[:DIGITS]}…`" if digest else texts("word.none"),
        )
        for file, digest in sorted(results.manifest.get("inputs", {}).items())
    ]
    return pipe(texts.raw("data.sources_columns"), rows, texts("data.sources_caption"), "tbl-kallor", "lll", "26,50,24")


def columns(results: Results) -> str:
    """Which column of which file each thing is; nothing for a run of an older program, which did not write it."""
    texts, frame = results.texts, results.tables["provenance"]
    titles = {one.id: one.title for one in results.outcomes}
    rows: dict[tuple[str, ...], None] = {}
    for row in frame.fillna("").itertuples():
        is_outcome = row.use == "outcome"
        what = titles.get(row.outcome, row.outcome) if is_outcome else texts(f"data.use_{row.use}")
        column = f"`{row.column}`" if row.column else texts("word.none")
        unit = f" ({row.unit})" if is_outcome and row.unit else ""
        rows[f"{what[:1].upper()}{what[1:]}{unit}", column, f"`{row.file}`"] = None
    if not rows:
        return ""
    table = pipe(texts.raw("data.origin_columns"), rows, texts("data.origin_caption"), "tbl-ursprung", "lll", "44,28,28")
    return f"{table}\n\n{texts('data.origin_file')}"


def notes(results: Results) -> str:
    """Breaks in series and what a fetch found out about the figures, by file."""
    said = [f"- `{one['file']}`: {text}" for one in results.sources for text in _known(results, one)]
    return "\n".join([results.texts("data.known_intro"), "", *said]) if said else ""


def _known(results: Results, source: dict[str, Any]) -> Iterator[str]:
    """A break as a sentence, then the remarks."""
    for one in source.get("breaks", []):
        if isinstance(one, dict):
            columns_of = ", ".join(f"`{name}`" for name in one.get("columns", []))
            what = " ".join(part for part in (str(one.get("what", "")), f"({columns_of})" if columns_of else "") if part)
            yield results.texts("data.break_at", at=one.get("at", ""), what=f": {what}" if what else "")
        else:
            yield results.texts("data.break_at", at=one, what="") if isinstance(one, int) else str(one)
    yield from (str(text) for text in source.get("remarks", []))


def _about(results: Results, file: str) -> dict[str, Any]:
    """The row of sources.toml that describes a file."""
    known = {f"data/{one['file']}": one for one in results.sources} | {str(one["file"]): one for one in results.sources}
    return known.get(file, {})


def _origin(results: Results, about: dict[str, Any]) -> str:
    """Producer, title, address, date and licence, those that there are."""
    said = [": ".join(str(about[key]) for key in ("producer", "title") if about.get(key))]
    address = str(about.get("address", ""))
    said.append(f"<{address}>" if address.startswith(("http://", "https://")) else address)
    said += [results.texts(f"data.source_{key}", value=about[key]) for key in ("retrieved", "licence") if about.get(key)]
    return ". ".join(part.removesuffix(".") for part in said if part) + ("." if any(said) else "")
