"""What the study believes to cause what, in words: names as a reader knows them, what follows, and what the data say of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from utvardering.report.refused import in_language
from utvardering.report.texts import lower_first, upper_first

if TYPE_CHECKING:
    from utvardering.report.results import Results

TREATMENT = "start"
"""The measure's name in a graph."""


def labels(results: Results) -> dict[str, str]:
    """What each name of the graph is called: the measure, the title of an outcome, a known column, else the name itself."""
    texts, found = results.texts, {}
    for node in results.graph.get("nodes", []):
        known = texts.name("variable", node["name"])
        found[node["name"]] = upper_first((known if known != node["name"] else node["label"]).replace("_", " "))
    return found


def kinds(results: Results) -> dict[str, str]:
    """treatment, outcome, adjusted, measured or unobserved, by name."""
    return {node["name"]: node["kind"] for node in results.graph.get("nodes", [])}


def edges(results: Results) -> list[tuple[str, str]]:
    """Cause and effect, by name."""
    return [(edge["from"], edge["to"]) for edge in results.graph.get("edges", [])]


def with_titles(results: Results, text: str) -> str:
    """A sentence of the run with names of the graph as a reader knows them; `start` only where it stands as a name.

    In one pass, and a title that stands there already is left alone: a name may be a word of its own title.
    """
    named = {name: lower_first(label) for name, label in labels(results).items()}
    beside = ("och", "and", "→", "←")
    before, after = "|".join(rf"(?<={one} )" for one in beside), "|".join(beside)
    patterns = [re.escape(title) for title in named.values()]
    for name in named:
        word = rf"(?<!\w){re.escape(name)}(?!\w)"
        patterns.append(rf"(?:{before}){word}|{word}(?= (?:{after}))" if name == TREATMENT else word)
    patterns.sort(key=len, reverse=True)
    return re.sub("|".join(patterns), lambda found: named.get(found[0], found[0]), text)


def path_in_words(results: Results, path: str) -> str:
    """`a ← b → c` with the names as a reader knows them."""
    named = {name: lower_first(label) for name, label in labels(results).items()}
    return " ".join(named.get(part, part) for part in path.split(" "))


def identified(results: Results) -> str:
    """Whether and how the effect follows from the model; *ej identifierbar* with the reason where it does not."""
    found = results.graph.get("identification")
    if not found:
        return ""
    texts, named = results.texts, {name: lower_first(label) for name, label in labels(results).items()}
    names = texts.joined([named.get(name, name) for name in found["adjustment"] or found["through"]])
    paths = "; ".join(path_in_words(results, path) for path in found["paths"][:3])
    key = found["kind"] if found["kind"] != "backdoor" or found["adjustment"] else "nothing"
    return texts(f"graph.{key}", names=names, paths=paths)


def arrows_in_words(results: Results) -> str:
    """Every arrow: what influences what, a sentence a cause."""
    texts, named = results.texts, labels(results)
    pairs: dict[str, list[str]] = {}
    for cause, effect in edges(results):
        pairs.setdefault(cause, []).append(lower_first(named[effect]))
    return " ".join(
        texts("graph.influences", cause=named[cause], effects=texts.joined(found)) for cause, found in pairs.items()
    )


def said_of_it(results: Results) -> list[str]:
    """What the data say of the model, and each attempt to overturn its estimate; where it gives none, why."""
    texts = results.texts
    fit = results.robustness("graph")
    fit = fit[fit["variant"] == "independencies"] if len(fit) else fit
    said = [with_titles(results, in_language(results, str(text))) for text in (fit["text"] if len(fit) else ())]
    lines = [f"**{texts('question.graph_independencies')}** {one}" for one in said]
    if results.graph.get("identification", {}).get("kind") != "backdoor":
        return [*lines, texts("graph.no_number")]
    if results.is_gated:
        return [*lines, texts("answer.gated")]
    tried = results.robustness("refute")
    return [*lines, *(with_titles(results, in_language(results, str(text))) for text in (tried["text"] if len(tried) else ()))]


def caption(results: Results) -> tuple[str, str]:
    """Caption and alt text of the graph."""
    texts, named, kind = results.texts, labels(results), kinds(results)
    of = {one: [lower_first(named[name]) for name, what in kind.items() if what == one] for one in set(kind.values())}
    alt = texts(
        "graph.alt",
        measure=texts.joined(of["treatment"]),
        outcome=texts.joined(of.get("outcome", [])),
        count=len(edges(results)),
        arrows=arrows_in_words(results),
    )
    for one in ("adjusted", "unobserved"):
        if of.get(one):
            alt += " " + texts(f"graph.alt_{one}", names=texts.joined(of[one]))
    return f"**{texts('graph.title')}.** {texts('graph.note')} {texts('figure.source', source=texts('graph.source'))}", alt
