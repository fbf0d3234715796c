"""Can the goalposts be moved? Every value of a plan, every field of its lock and the rows before the start, one at a time."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.registration.changed_plans import changes, full_plan
from tests.registration.locked import NOW, amend, lock_values, registered, replace, verified, write_lock
from utvardering.data.load import load_panel
from utvardering.errors import ReproductionError
from utvardering.registration.files import deviations_frame, statement
from utvardering.registration.register import register_study
from utvardering.registration.state import verify
from utvardering.study.load import load_study
from utvardering.study.model import StudyFile
from utvardering.study.plan_values import digest, leaves, plan_sha256
from utvardering.study.protocol import amendment_block
from utvardering.study.register import LOCK, differences_from, lock_text, make_lock, parse_lock

EVERY_KEY = [key for key, _ in changes(full_plan(Path()))]
OPEN = [key for key in EVERY_KEY if key.startswith("measure.cost.") and "event_cost" not in key]
"""What a measure costs becomes known afterwards; what an avoided event is worth does not."""
UNPROVABLE = {"registered_at", "program_version", "git_commit"}
"""Fields of a lock that nothing beside it speaks against, where there is no history."""


def faults(folder: Path) -> ReproductionError:
    with pytest.raises(ReproductionError) as caught:
        verified(folder)
    assert caught.value.exit_code == 5
    return caught.value


def named(fault: ReproductionError) -> list[str]:
    return [problem.key for problem in fault.problems if problem.key]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return registered(tmp_path_factory.mktemp("gate") / "studies")


@pytest.fixture
def folder(once: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "studies" / once.name
    shutil.copytree(once, copy)
    return copy


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory):
    """A registered plan that gives every key."""
    study = full_plan(tmp_path_factory.mktemp("full"))
    study = study.model_copy(
        update={"study": study.study.model_copy(update={"id": "full", "status": "registered", "retrospective": False})}
    )
    lock = make_lock(study, registered_at=NOW, data_sha256="", program_version="0", git_commit="", units={}, seen={})
    (study.folder / LOCK).write_text(lock_text(lock), encoding="utf-8")
    return study


def test_what_was_registered_goes_on(folder: Path, full) -> None:
    assert verified(folder).state == "registered"
    assert verify(full).differences == ()


def test_every_key_of_the_schema_is_tried(full) -> None:
    tried = {key.split("[")[0] + key.partition("]")[2] for key in EVERY_KEY}
    there = {key.split("[")[0] + key.partition("]")[2] for key in parse_lock((full.folder / LOCK).read_bytes())[0].leaves}
    assert there - {"schema"} <= tried | {
        "treated.unit",
        "outcomes.id",
        "comparison.excluded.unit",
        "treated",
        "comparison.excluded",
        "measure.cost.price_index.2022",
    }
    assert {key.split(".")[0].split("[")[0] for key in EVERY_KEY} == set(StudyFile.model_fields) - {"schema_version", "report"}


def test_a_changed_cost_is_told_and_stops_nothing(full) -> None:
    assert len(OPEN) == 12
    for key in OPEN:
        changed = dict(changes(full))[key]
        found = verify(changed)
        assert [one.key.removesuffix(".2022") for one in found.differences] == [key]
        assert (found.state, found.is_changed) == ("registered", False)
        assert found.plan == plan_sha256(full) != plan_sha256(changed)
        told = deviations_frame(found).iloc[0]
        assert told["text"].endswith("Vad en åtgärd kostar blir känt i efterhand och får ändras öppet.")
        assert not told["amended_on"]


@pytest.mark.parametrize("key", [key for key in EVERY_KEY if key not in OPEN])
def test_a_change_of_any_value_is_caught_and_named(full, key: str) -> None:
    changed = dict(changes(full))[key]
    with pytest.raises(ReproductionError) as caught:
        verify(changed)
    assert key in named(caught.value)
    text = next(problem.message for problem in caught.value.problems if problem.key == key)
    assert text.startswith("registered ")
    assert ", now " in text
    assert f"Plan: {plan_sha256(changed)[:16]}" in caught.value.problems[-1].message


@pytest.mark.parametrize("table", ["data.incidents", "period", "treated_from", "estimation"])
def test_a_table_that_is_taken_away_is_caught(full, table: str) -> None:
    head, _, tail = table.partition(".")
    lost = {head: getattr(full, head).model_copy(update={tail: None})} if tail else {head: None}
    with pytest.raises(ReproductionError) as caught:
        verify(full.model_copy(update=lost))
    assert all(key.startswith(table) for key in named(caught.value))
    assert "now not given" in caught.value.problems[0].message


def test_the_worth_of_an_event_cannot_go_away_with_the_cost(full) -> None:
    with pytest.raises(ReproductionError) as caught:
        verify(full.model_copy(update={"measure": full.measure.model_copy(update={"cost": None})}))
    assert named(caught.value) == [f"measure.cost.event_cost{end}" for end in ("", "_source", "_year", "_outcome")]


@pytest.mark.parametrize("change", [{"report": "language"}, {"study": "status"}])
def test_status_and_report_are_free(full, change: dict[str, str]) -> None:
    table, key = next(iter(change.items()))
    value = {"language": "en", "status": "published"}[key]
    assert verify(full.model_copy(update={table: getattr(full, table).model_copy(update={key: value})})).differences == ()


def test_a_changed_file_is_told_with_its_lines_and_the_block_to_paste(folder: Path) -> None:
    replace(folder / "study.toml", "smallest_effect = -0.10", "smallest_effect = -0.05")
    replace(folder / "study.toml", 'also = ["did", "event_study"]', 'also = ["did"]')
    study = load_study(folder)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    assert str(faults(folder)) == (
        "parken: this is not what was registered on 2021-06-15: 2 problems\n"
        "  line 37: outcomes[brott].smallest_effect: registered -0.1, now -0.05\n"
        '  line 54: estimation.also: registered ["did", "event_study"], now ["did"]\n'
        "  put the plan back as registered, or add this to protokoll.md, with your reason:\n\n"
        f"## Ändring {today}\n\nSkriv här varför.\n\n"
        "- `outcomes[brott].smallest_effect`: -0.1 → -0.05\n"
        '- `estimation.also`: ["did", "event_study"] → ["did"]\n\n'
        f"Plan: {plan_sha256(study)[:16]}\n"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("smallest_effect = -0.10", "smallest_effect = -1e-1 # en tiondel"),
        ("seed = 7", "seed = 0x7"),
        ("max_imbalance = 2.0", "max_imbalance = 2"),
        ("max_imbalance = 2.0", "max_imbalance = 2.0\nmin_periods_before = 12"),
        ("schema = 1\n", "# en ny rad\nschema = 1\n\n\n"),
        ("simulated = true", "simulated = true\nunit_labels = ''"),
        ('name = "Ljus"\n', ""),
    ],
)
def test_how_a_plan_is_written_does_not_matter(folder: Path, old: str, new: str) -> None:
    replace(folder / "study.toml", old, new)
    if not new:
        replace(folder / "study.toml", "concurrent = []\n", 'concurrent = []\nname = "Ljus"\n')
    assert verified(folder).state == "registered"


def test_a_changed_plan_with_an_amendment_goes_on_and_is_listed(folder: Path) -> None:
    replace(folder / "study.toml", "smallest_effect = -0.10", "smallest_effect = -0.05")
    fault = faults(folder)
    block = fault.problems[-1].message.partition(":\n\n")[2]
    with (folder / "protokoll.md").open("a", encoding="utf-8") as file:
        file.write("\n" + block)
    assert named(faults(folder)) == ["protokoll.md", "outcomes[brott].smallest_effect"]  # no reason is given yet
    replace(folder / "protokoll.md", "Skriv här varför.", "Kostnaden blev lägre.")
    found = verified(folder)
    assert found.state == "changed"
    assert [one.key for one in found.differences] == ["outcomes[brott].smallest_effect"]
    assert found.amendments[-1].reason == "Kostnaden blev lägre."
    replace(folder / "study.toml", "level = 0.95" if "level" in (folder / "study.toml").read_text() else "seed = 7", "seed = 8")
    assert {"outcomes[brott].smallest_effect", "estimation.seed"} == set(named(faults(folder)))  # the hash is of another plan


@pytest.mark.parametrize(
    ("heading", "line", "expected"),
    [
        ("2021-08-01", "Plan: {wrong}", "estimation.seed"),
        ("2021-08-01", "Plan: {short}", "protokoll.md: Plan"),
        ("i augusti", "Plan: {right}", "protokoll.md"),
        ("2021-05-01", "Plan: {right}", "protokoll.md"),
        ("2999-01-01", "Plan: {right}", "protokoll.md"),
        ("2021-08-01", "```\nPlan: {right}\n```", "estimation.seed"),
        ("2021-08-01", "<!-- Plan: {right} -->", "estimation.seed"),
        ("2021-08-01", "Data: {right}", "estimation.seed"),
    ],
)
def test_an_amendment_that_does_not_hold_is_caught(folder: Path, heading: str, line: str, expected: str) -> None:
    replace(folder / "study.toml", "seed = 7", "seed = 8")
    right = plan_sha256(load_study(folder))
    wrong = digest({"another": "plan"})
    amend(folder, line.format(right=right, wrong=wrong, short=right[:11]), heading)
    assert expected in named(faults(folder))


def test_retrospective_turned_on_afterwards_is_a_change(folder: Path) -> None:
    replace(folder / "study.toml", 'design = "areas"\n', 'design = "areas"\nretrospective = true\n')
    assert named(faults(folder)) == ["study.retrospective"]


LEAVES = [
    "registered_at", "plan_sha256", "data_sha256", "program_version", "git_commit", "lock_sha256", "units.treated",
    "units.comparison", "units.neighbour", "units.excluded", "seen.brott.first", "seen.brott.last", "seen.brott.units",
    "seen.brott.cells", "seen.brott.sha256", "plan.study.title", "plan.period.last", "plan.measure.kind",
    "defaults.checks.max_pretrend", "defaults.estimation.level",
]  # fmt: skip


def edited(values: dict, key: str) -> dict:
    """The values of a lock with another value at a key; those of `defaults` have dots in their names."""
    head, _, rest = key.partition(".")
    if not rest or head == "defaults":
        table, last = (values[head], rest) if rest else (values, head)
    else:
        *path, last = rest.split(".")
        table = values[head]
        for name in path:
            table = table[name]
    old = table[last]
    if isinstance(old, dt.datetime):
        table[last] = old - dt.timedelta(days=365)
    elif isinstance(old, dt.date):
        table[last] = old + dt.timedelta(days=31)
    elif isinstance(old, list):
        table[last] = [*old, "Park 99"]
    elif isinstance(old, str):
        table[last] = {"first": "2019-02", "last": "2021-05"}.get(last) or (old[::-1] if len(old) > 20 else f"{old}1")
    else:
        table[last] = old / 2 if isinstance(old, float) else old + 1
    return values


@pytest.mark.parametrize("key", LEAVES)
def test_any_edit_of_the_lock_is_caught(folder: Path, key: str) -> None:
    write_lock(folder, edited(lock_values(folder), key), sealed=False)
    assert f"{LOCK}: lock_sha256" in named(faults(folder))


@pytest.mark.parametrize("key", [key for key in LEAVES if key != "lock_sha256"])
def test_an_edit_that_is_sealed_anew_is_caught_or_said_to_be_unprovable(folder: Path, key: str) -> None:
    write_lock(folder, edited(lock_values(folder), key), sealed=True)
    if key in UNPROVABLE:
        found = verified(folder)
        assert not found.proofs
        assert "Studien ligger inte i ett git-arkiv." in found.doubts
    else:
        assert named(faults(folder))


@pytest.mark.parametrize("key", ["registered_at", "plan", "seen", "units", "defaults", "git_commit"])
def test_a_lock_that_lacks_a_part_is_caught(folder: Path, key: str) -> None:
    values = lock_values(folder)
    del values[key]
    write_lock(folder, values, sealed=True)
    assert named(faults(folder)) == [f"{LOCK}: {key}"]


def test_a_part_that_does_not_belong_in_the_lock_is_caught(folder: Path) -> None:
    write_lock(folder, lock_values(folder) | {"godkänd": True}, sealed=True)
    assert named(faults(folder)) == [f"{LOCK}: godkänd"]


@pytest.mark.parametrize("content", ["", "registered_at = ", "\x00\xff"])
def test_a_lock_that_is_no_lock_is_caught(folder: Path, content: str) -> None:
    (folder / LOCK).write_text(content, encoding="latin-1")
    assert all(key.startswith(LOCK) for key in named(faults(folder)))


def test_a_lock_of_tomorrow_is_caught(folder: Path) -> None:
    values = lock_values(folder)
    values["registered_at"] = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=3)
    write_lock(folder, values, sealed=True)
    assert named(faults(folder)) == [f"{LOCK}: registered_at"]


@pytest.mark.parametrize("status", ["registered", "published"])
def test_a_registered_study_without_its_lock_is_caught(folder: Path, status: str) -> None:
    (folder / LOCK).unlink()
    replace(folder / "study.toml", 'status = "registered"', f'status = "{status}"')
    fault = faults(folder)
    assert named(fault) == ["study.status"]
    assert "there is no plan.lock" in str(fault)
    assert fault.problems[0].line == load_study(folder).line("study.status")


def test_a_lock_beside_a_draft_is_a_removed_registration(folder: Path) -> None:
    replace(folder / "study.toml", 'status = "registered"', 'status = "draft"')
    fault = faults(folder)
    assert named(fault) == ["study.status"]
    assert 'is "draft", but plan.lock says that the plan was registered' in str(fault)


def test_the_plan_of_another_study_is_no_lock(folder: Path, tmp_path: Path) -> None:
    other = registered(tmp_path / "other")
    replace(other / "study.toml", "seed = 7", "seed = 8")
    (other / LOCK).unlink()
    replace(other / "study.toml", 'status = "registered"', 'status = "draft"')
    register_study(other, tmp_path / "build", NOW)
    shutil.copy(other / LOCK, folder / LOCK)
    assert named(faults(folder)) == ["estimation.seed"]


def rows(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "data" / "panel.csv")


def write_rows(folder: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(folder / "data" / "panel.csv", index=False)


BEFORE = "2021-07"


@pytest.mark.parametrize("column", ["brott", "klotter", "skadegorelse"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_revised_row_before_the_start_is_caught(folder: Path, column: str, place: int) -> None:
    frame = rows(folder)
    at = frame.index[frame["manad"] < BEFORE][place]
    frame.loc[at, column] += 1
    write_rows(folder, frame)
    fault = faults(folder)
    assert named(fault) == ["rows before the start"]
    assert f"changed: {column} (2019-01 to 2021-06)" in str(fault)


def test_a_revised_row_goes_on_with_its_own_amendment(folder: Path) -> None:
    frame = rows(folder)
    frame.loc[0, "brott"] += 1
    write_rows(folder, frame)
    block = faults(folder).problems[-1].message.partition(":\n\n")[2].replace("Skriv här varför.", "Ett brott flyttades.")
    (folder / "protokoll.md").write_text(block, encoding="utf-8")
    found = verified(folder)
    assert found.state == "changed"
    assert found.rows is not None
    assert found.rows.changed == ("brott",)
    frame.loc[0, "brott"] += 1
    write_rows(folder, frame)
    assert named(faults(folder)) == ["rows before the start"]


@pytest.mark.parametrize("what", ["unit removed", "unit added", "value emptied"])
def test_rows_that_come_or_go_before_the_start_are_caught(folder: Path, what: str) -> None:
    frame = rows(folder)
    if what == "unit removed":
        frame = frame[frame["omrade"] != "Park 24"]
    elif what == "unit added":
        frame = pd.concat([frame, frame[frame["omrade"] == "Park 24"].assign(omrade="Park 25")])
    else:
        frame["klotter"] = frame["klotter"].astype(float)
        frame.loc[5, "klotter"] = np.nan
    write_rows(folder, frame)
    assert named(faults(folder)) == ["rows before the start"]


@pytest.mark.parametrize("what", ["order", "later changed", "later removed", "parquet", "xlsx", "semicolons"])
def test_order_later_rows_and_file_format_do_not_matter(folder: Path, what: str) -> None:
    frame = rows(folder)
    later = frame["manad"] >= BEFORE
    if what == "order":
        write_rows(folder, frame.sample(frac=1, random_state=3))
    elif what == "later changed":
        frame.loc[later, ["brott", "klotter", "skadegorelse"]] *= 1000
        write_rows(folder, frame)
    elif what == "later removed":
        write_rows(folder, frame[~later])
    elif what == "semicolons":
        frame.to_csv(folder / "data" / "panel.csv", index=False, sep=";")
    else:
        file = folder / "data" / f"panel.{what}"
        frame.to_parquet(file, index=False) if what == "parquet" else frame.to_excel(file, index=False)
        replace(folder / "study.toml", "data/panel.csv", f"data/panel.{what}")
        amend(folder, f"Plan: {plan_sha256(load_study(folder))}")
    found = verified(folder)
    assert found.rows is not None
    assert found.rows.changed == ()


def test_rows_before_the_start_that_came_after_registration_are_free(tmp_path: Path) -> None:
    """A plan that is locked in June does not know July's numbers, though they are before a start in September."""
    folder = registered(tmp_path)
    (folder / LOCK).unlink()
    text = (folder / "study.toml").read_text(encoding="utf-8").replace('status = "registered"', 'status = "draft"')
    (folder / "study.toml").write_text(text.replace("2021-07-01", "2021-10-01"), encoding="utf-8")
    frame = rows(folder)
    write_rows(folder, frame[frame["manad"] < BEFORE])
    register_study(folder, tmp_path / "build", NOW)
    write_rows(folder, frame)
    assert verified(folder).state == "registered"
    frame.loc[frame["manad"] == "2021-06", "brott"] += 1
    write_rows(folder, frame)
    assert named(faults(folder)) == ["rows before the start"]


def test_an_amended_start_is_no_revision_of_data(folder: Path) -> None:
    text = (folder / "study.toml").read_text(encoding="utf-8").replace("2021-07-01", "2021-09-01")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    assert set(named(faults(folder))) == {"treated[Park 01].start", "treated[Park 02].start"}
    amend(folder, f"Plan: {plan_sha256(load_study(folder))}")
    found = verified(folder)
    assert found.rows is not None
    assert found.rows.changed == ()
    frame = rows(folder)
    frame.loc[0, "brott"] += 1
    write_rows(folder, frame)
    assert named(faults(folder)) == ["rows before the start"]


def test_a_lock_made_anew_with_plan_and_rows_is_said_to_be_beyond_proof(folder: Path) -> None:
    """The one way that nothing in the folder speaks against: everything made again, with the old date."""
    (folder / LOCK).unlink()
    replace(folder / "study.toml", 'status = "registered"', 'status = "draft"')
    replace(folder / "study.toml", "smallest_effect = -0.10", "smallest_effect = -0.01")
    again = register_study(folder, folder.parent / "build", NOW).registration
    assert again.state == "registered"
    assert again.proofs == ()
    assert "Ingenting bevisar datumet." in statement(again)
    assert "Ett lås som görs om från början med ett annat datum kan inte upptäckas i efterhand" in statement(again)


def test_the_block_to_paste_is_read_back(folder: Path) -> None:
    replace(folder / "study.toml", "seed = 7", "seed = 8")
    study = load_study(folder)
    lock, _ = parse_lock((folder / LOCK).read_bytes())
    assert lock is not None
    block = amendment_block(differences_from(lock, study), "en", dt.date(2021, 8, 1), plan=plan_sha256(study))
    (folder / "protokoll.md").write_text(block.replace("Write here why.", "Another seed."), encoding="utf-8")
    found = verify(study, load_panel(study))
    assert found.amendments[0].keys == ("estimation.seed",)
    assert found.amendments[0].reason == "Another seed."


def test_leaves_name_tables_by_id_and_unit() -> None:
    found = leaves({"outcomes": [{"id": "a", "kind": "count"}], "windows": [[1, 2]], "x": {"y": 1}})
    assert found == {"outcomes": ["a"], "outcomes[a].id": "a", "outcomes[a].kind": "count", "windows": [[1, 2]], "x.y": 1}
