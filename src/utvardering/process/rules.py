"""Do the parts of `process.toml` agree with each other? A rule is a function that yields a Problem for each fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from utvardering.errors import Problem
from utvardering.process.criteria_sets import criteria_set, ready_sets
from utvardering.process.model import Criterion, ProcessFile
from utvardering.study.reading import Reading
from utvardering.study.values import show
from utvardering.study.vocabulary import did_you_mean

ANCHORS = 5
TWO = 2


def process_problems(read: Reading[ProcessFile]) -> list[Problem]:
    """Every contradiction in the file; a rule that needs a key that is wrong in itself is not judged."""
    problems: list[Problem] = []
    for rule in RULES:
        try:
            problems += rule(read)
        except AttributeError:
            if not read.is_partial:
                raise
    return problems


def _file(read: Reading[ProcessFile]) -> ProcessFile:
    assert read.file is not None  # noqa: S101 -- rules are asked only of a file that could be read
    return read.file


def _sets_exist(read: Reading[ProcessFile]) -> Iterator[Problem]:
    names = _file(read).criteria
    for i, name in enumerate(names):
        key = f"criteria[{i}]"
        if name not in ready_sets():
            known = ", ".join(ready_sets())
            text = f"{show(name)} is not a ready criteria set; they are {known}.{did_you_mean(name, ready_sets())}"
            yield Problem(key, text, read.line(key))
        elif name in names[:i]:
            yield Problem(key, f"{show(name)} is named twice; keep one of them", read.line(key))


def _something_to_assess(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    if file.override and not (file.criteria or file.criterion or file.assessment or file.assessor):
        return
    for table in ("assessor", "evidence", "assessment"):
        if not getattr(file, table):
            yield Problem(table, f"is missing: add a table [[{table}]]", read.line(table))
    if not file.criteria and not file.criterion:
        text = 'names no criteria; write such as criteria = ["lag-2023-196"], or add a table [[criterion]] of your own'
        yield Problem("criteria", text, read.line("criteria"))


def _ids_are_one_of_a_kind(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    tables = {
        "assessor": [one.id for one in file.assessor],
        "evidence": [one.id for one in file.evidence],
        "criterion": [one.id for one in file.criterion],
    }
    for table, ids in tables.items():
        for i, name in enumerate(ids):
            if name in ids[:i]:
                key = f"{table}[{i}].id"
                yield Problem(key, f"{show(name)} is used by another [[{table}]] too; give each its own", read.line(key))


def _own_criteria(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    for i, one in enumerate(file.criterion):
        key = f"criterion[{i}].id"
        set_id, dot, name = one.id.rpartition(".")
        if dot and set_id not in file.criteria:
            text = f"extends {show(set_id)}, which criteria does not name; add it there, or write id = {show(name)}"
            yield Problem(key, f"{text}{did_you_mean(set_id, file.criteria)}", read.line(key))
        elif dot and set_id in ready_sets() and name in {other.id for other in criteria_set(set_id).criterion}:
            text = f"{show(one.id)} is a criterion of the ready set; give yours another name, or take the table away"
            yield Problem(key, text, read.line(key))
        if one.anchors and len(one.anchors) != ANCHORS:
            key = f"criterion[{i}].anchors"
            yield Problem(key, f"needs five texts, for the grades 0 to 4, found {len(one.anchors)}", read.line(key))
        if one.delivery and one.level != "operational":
            key = f"criterion[{i}].delivery"
            text = f"is for the operational level, and this criterion is {one.level}; take delivery away"
            yield Problem(key, text, read.line(key))


def _criteria_exist(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    known = _known(file)
    for table in ("assessment", "settled"):
        for i, row in enumerate(getattr(file, table)):
            if row.criterion not in known:
                key = f"{table}[{i}].criterion"
                yield Problem(key, _unknown(row.criterion, file, known), read.line(key))


def _unknown(name: str, file: ProcessFile, known: dict[str, Criterion]) -> str:
    set_id, _, short = name.rpartition(".")
    if set_id in ready_sets() and set_id not in file.criteria and short in {one.id for one in criteria_set(set_id).criterion}:
        return f"{show(name)} belongs to the ready set {show(set_id)}, which criteria does not name; add it there"
    hint = did_you_mean(name, known)
    if not hint:
        full = [other for other in known if other.rpartition(".")[2] == name]
        hint = f' Did you mean "{full[0]}"?' if full else ""
    if hint:
        return f"{show(name)} is no criterion of this study.{hint}"
    listed = ", ".join(f"{one}.…" for one in file.criteria)
    among = f" ({listed})" if listed else ""
    return f"{show(name)} is no criterion of this study; write one of its sets{among}, or add it as a [[criterion]] of your own"


def _known(file: ProcessFile) -> dict[str, Criterion]:
    known = {f"{name}.{one.id}": one for name in file.criteria if name in ready_sets() for one in criteria_set(name).criterion}
    return {**known, **{one.id: one for one in file.criterion}}


def _levels_agree(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    known = _known(file)
    for i, one in enumerate(file.assessment):
        criterion = known.get(one.criterion)
        if criterion is not None and one.level is not None and one.level != criterion.level:
            key = f"assessment[{i}].level"
            text = f"is {show(one.level)}, but {one.criterion} is {criterion.level}; write level = {show(criterion.level)}"
            yield Problem(key, text, read.line(key))


def _assessors_exist(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    ids = [one.id for one in file.assessor]
    for i, one in enumerate(file.assessment):
        if one.assessor not in ids:
            key = f"assessment[{i}].assessor"
            text = f"{show(one.assessor)} is not an [[assessor]]; they are {', '.join(ids)}.{did_you_mean(one.assessor, ids)}"
            yield Problem(key, text, read.line(key))


def _evidence_exists(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    ids = [one.id for one in file.evidence]
    for table in ("assessment", "factor"):
        for i, row in enumerate(getattr(file, table)):
            key = f"{table}[{i}].evidence"
            if not row.evidence:
                first = ids[0] if ids else "d1"
                text = f"is empty: what does this rest on? Write such as evidence = [{show(first)}]"
                yield Problem(key, text, read.line(key))
            for j, name in enumerate(row.evidence):
                if name not in ids:
                    text = f"{show(name)} is not an [[evidence]] of this file.{did_you_mean(name, ids)}"
                    yield Problem(f"{key}[{j}]", f"{text} Add it, or correct the name", read.line(f"{key}[{j}]"))


def _assessed_once(read: Reading[ProcessFile]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for i, one in enumerate(_file(read).assessment):
        pair = (one.criterion, one.assessor)
        if pair in seen:
            key = f"assessment[{i}].criterion"
            first = read.line(f"assessment[{seen[pair]}]")
            text = f"{one.criterion} is assessed twice by {one.assessor} (first on line {first}); keep one of the assessments"
            yield Problem(key, text, read.line(key))
        seen.setdefault(pair, i)


def _settled_what_differed(read: Reading[ProcessFile]) -> Iterator[Problem]:
    file = _file(read)
    times = Counter(one.criterion for one in file.settled)
    for i, one in enumerate(file.settled):
        key = f"settled[{i}].criterion"
        given = [row.grade for row in file.assessment if row.criterion == one.criterion]
        if times[one.criterion] > 1 and one.criterion in {row.criterion for row in file.settled[:i]}:
            yield Problem(key, f"{one.criterion} is settled twice; keep one of them", read.line(key))
        elif len(given) < TWO and one.criterion in _known(file):
            text = f"{one.criterion} has {len(given)} assessment{'s' if len(given) != 1 else ''}, so there is nothing to settle"
            yield Problem(key, f"{text}; take the table away", read.line(key))
        elif len(set(given)) == 1:
            text = f"the assessors agree on {one.criterion} (grade {given[0]}), so there is nothing to settle"
            yield Problem(key, f"{text}; take the table away", read.line(key))
        elif given and not min(given) <= one.grade <= max(given):
            key = f"settled[{i}].grade"
            text = f"needs a grade between those given, {min(given)} to {max(given)}, found {one.grade}"
            yield Problem(key, text, read.line(key))


def _improvements_have_addressees(read: Reading[ProcessFile]) -> Iterator[Problem]:
    for i, one in enumerate(_file(read).factor):
        if one.kind == "improvement" and not one.addressee:
            key = f"factor[{i}].addressee"
            text = 'is missing: who can act on the improvement. Write such as addressee = "kommunstyrelsen"'
            yield Problem(key, text, read.line(key))


Rule = Callable[[Reading[ProcessFile]], Iterator[Problem]]
RULES: tuple[Rule, ...] = (
    _sets_exist,
    _something_to_assess,
    _ids_are_one_of_a_kind,
    _own_criteria,
    _criteria_exist,
    _levels_agree,
    _assessors_exist,
    _evidence_exists,
    _assessed_once,
    _settled_what_differed,
    _improvements_have_addressees,
)
