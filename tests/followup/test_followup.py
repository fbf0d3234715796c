"""Does the follow-up list every study, by plan row, with the right remarks on a given day?"""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest

from tests.evaluate.small import write_study
from utvardering.errors import StudyError
from utvardering.followup.remarks import years_later
from utvardering.followup.table import follow_up, write_follow_up
from utvardering.registration.register import register_study
from utvardering.report import followup_page, slide
from utvardering.report.texts import Texts

TODAY = dt.date(2022, 3, 1)
LINKED = 'problem = "lagesbild:1"\nplan = "{plan}"\nfollow_up = {due}\n'


def study(root, name, *, plan="plan:1", due="2023-01-01", more="", **choices):
    """A study of the small kind, started 2021-07-01 with data to December 2022, linked to the plan."""
    folder = write_study(root / "studies", name, **choices)
    linked = LINKED.format(plan=plan, due=due) if plan else ""
    replace(folder, 'design = "areas"\n', f'design = "areas"\n{linked}{more}')
    return folder


def replace(folder, old, new):
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def ends_before_start(folder):
    """Cut the data at June 2021."""
    path = folder / "data" / "panel.csv"
    frame = pd.read_csv(path, dtype=str)
    frame[frame["manad"] < "2021-07"].to_csv(path, index=False)


def row(root, day=TODAY, name="parken"):
    found = follow_up(root / "studies", root / "build", day)
    return next(one for one in found.rows if one.study == name)


def evaluated(root, name="parken", to="2022-12", verdict="uncertain"):
    folder = root / "build" / name
    folder.mkdir(parents=True)
    (folder / "verdict.toml").write_text(f'verdict = "{verdict}"\ncertainty = "low"\nmaryland_level = 3\n', encoding="utf-8")
    (folder / "study.toml").write_bytes((root / "studies" / name / "study.toml").read_bytes())
    rows = [("brott", "2021-06", 1.0), ("brott", to, 1.0), ("klotter", "2030-01", 1.0)]
    pd.DataFrame(rows, columns=["outcome", "period", "value"]).to_parquet(folder / "panel.parquet")
    return folder


def lock(root, day="2021-06-01", name="parken"):
    """Lock the plan of a study as `register` does."""
    register_study(root / "studies" / name, root / "build", dt.datetime.fromisoformat(f"{day}T09:00:00+00:00"))


def test_a_study_in_step_has_nothing_missing(tmp_path):
    folder = study(tmp_path, "parken")
    ends_before_start(folder)
    lock(tmp_path)
    found = row(tmp_path, dt.date(2021, 6, 15))
    assert (found.status, found.stage, found.standing, found.text) == ("registered", "planned", "ok", "")
    assert (found.start, found.registered_at, found.follow_up) == ("2021-07-01", "2021-06-01", "2023-01-01")
    assert (found.days_left, found.data_to) == (565, "2021-06")


TWO_YEARS = "Åtgärdsplanen ska följas upp minst vartannat år (6 §)."
SAID = {
    "overdue": "Uppföljningen skulle ha gjorts 2021-12-31, för 60 dagar sedan. "
    "Gör den, eller skriv nästa datum om den är gjord.",
    "near": "Uppföljningen ska göras 2022-04-30, om 60 dagar.",
    "late": f"Uppföljningen 2023-07-02 ligger mer än två år efter starten 2021-07-01. {TWO_YEARS}",
    "nothing": f"Datum för uppföljning saknas (follow_up). {TWO_YEARS} Raden i åtgärdsplanen saknas (plan; 5 §). "
    "Fyndet i lägesbilden saknas (problem; 4 §).",
    "unlocked": "Planen är inte låst. Lås den före starten 2021-07-01: utvardering register parken.",
    "never": "Planen låstes inte före starten 2021-07-01.",
    "no_lock": "Studien anges som registrerad, men låset plan.lock saknas.",
    "ready": "Uppgifterna räcker nu för en utvärdering (till 2022-12): utvardering run parken.",
}


@pytest.mark.parametrize(
    ("choices", "day", "standing", "said"),
    [
        ({"due": "2021-12-31"}, TODAY, "overdue", ("overdue", "ready", "never")),
        ({"due": "2022-04-30"}, TODAY, "soon", ("near", "ready", "never")),
        ({"due": "2023-07-02"}, TODAY, "missing", ("late", "ready", "never")),
        ({"plan": ""}, TODAY, "missing", ("nothing", "ready", "never")),
        ({}, dt.date(2021, 6, 15), "soon", ("unlocked", "ready")),
        ({"more": 'status = "registered"\n'}, TODAY, "missing", ("no_lock", "ready")),
    ],
)
def test_every_remark_is_said_in_words_the_most_urgent_first(tmp_path, choices, day, standing, said):
    study(tmp_path, "parken", **choices)
    found = row(tmp_path, day)
    assert found.standing == standing
    assert found.text == " ".join(SAID[name] for name in said)


def test_two_years_to_the_day_are_not_too_long(tmp_path):
    study(tmp_path, "parken", due="2023-07-01")
    assert "late" not in row(tmp_path).remarks


def test_the_two_years_count_from_the_lock_where_that_came_first(tmp_path):
    study(tmp_path, "parken", due="2023-06-15")
    lock(tmp_path)
    assert "late_registered" in row(tmp_path).remarks


def test_after_an_evaluation_the_two_years_count_from_its_last_period(tmp_path):
    study(tmp_path, "parken", due="2024-12-31")
    evaluated(tmp_path)
    found = row(tmp_path, dt.date(2023, 3, 1))
    assert (found.stage, found.verdict, found.certainty, found.evaluated_to) == ("evaluated", "uncertain", "low", "2022-12")
    assert "late" not in found.remarks
    replace(tmp_path / "studies" / "parken", "2024-12-31", "2025-01-01")
    assert "late_evaluated" in row(tmp_path, dt.date(2023, 3, 1)).remarks


def test_newer_data_and_a_newer_plan_than_the_last_evaluation_are_said(tmp_path):
    folder = study(tmp_path, "parken")
    evaluated(tmp_path, to="2021-12")
    replace(folder, 'name = "Ljus"', 'name = "Lampor"')
    found = row(tmp_path)
    assert "new_data another_plan" in found.remarks
    assert "Uppgifterna går nu till 2022-12. Senaste utvärderingen slutar 2021-12." in found.text


def test_data_that_end_before_a_start_in_the_past(tmp_path):
    ends_before_start(study(tmp_path, "parken"))
    assert "Åtgärden startade 2021-07-01, men uppgifterna slutar 2021-06." in row(tmp_path).text


def test_a_changed_plan_and_a_broken_lock(tmp_path):
    folder = study(tmp_path, "parken")
    lock(tmp_path)
    replace(folder, "smallest_effect = -0.10", "smallest_effect = -0.05")
    found = row(tmp_path)
    assert (found.status, found.standing) == ("broken", "missing")
    assert "Planen är inte den som låstes. Se skillnaden med: utvardering check parken." in found.text
    (folder / "plan.lock").write_text("registered_at = [", encoding="utf-8")
    assert "Filen plan.lock går inte att läsa." in row(tmp_path).text


def test_a_study_that_does_not_load_is_listed_with_its_fault(tmp_path):
    folder = study(tmp_path, "parken", plan="plan:9")
    replace(folder, 'role = "primary"', 'role = "primär"')
    study(tmp_path, "torget", plan="plan:10")
    rows = follow_up(tmp_path / "studies", tmp_path / "build", TODAY).rows
    assert [one.study for one in rows] == ["parken", "torget"]
    assert (rows[0].stage, rows[0].standing, rows[0].title) == ("unreadable", "unreadable", "Ljus i parken")
    assert 'found "primär"' in rows[0].fault
    assert rows[0].text == "Studiefilen har fel (1 st.) och kan inte läsas. Se felen med: utvardering check parken."
    (folder / "study.toml").write_text("schema = = 1", encoding="utf-8")
    assert row(tmp_path).standing == "unreadable"


def test_data_with_faults_do_not_drop_the_study(tmp_path):
    folder = study(tmp_path, "parken")
    (folder / "data" / "panel.csv").write_text("omrade,manad\nPark 01,2019-01\n", encoding="utf-8")
    assert "Uppgifterna går inte att läsa. Se felen med: utvardering check parken." in row(tmp_path).text


def test_a_replication_is_no_measure_of_the_plan(tmp_path):
    study(tmp_path, "parken", plan="", more='replication = "Tabell 2"\n')
    found = row(tmp_path)
    assert (found.standing, found.remarks) == ("outside", "replication")


def test_rows_come_in_the_order_of_the_plan_ten_after_nine_and_without_a_row_last(tmp_path):
    for name, plan in (("a", ""), ("b", "plan:10"), ("c", "plan:9")):
        study(tmp_path, name, plan=plan)
    assert [one.study for one in follow_up(tmp_path / "studies", tmp_path / "build", TODAY).rows] == ["c", "b", "a"]


def test_no_studies_is_said(tmp_path):
    with pytest.raises(StudyError, match="there are no studies; make one with: utvardering new NAME"):
        follow_up(tmp_path / "studies", tmp_path, TODAY)


def test_a_leap_day_two_years_later():
    assert years_later(dt.date(2024, 2, 29), 2) == dt.date(2026, 2, 28)


def test_the_same_day_gives_the_same_bytes(tmp_path):
    study(tmp_path, "parken")
    trees = []
    for turn in ("one", "two"):
        folder = write_follow_up(follow_up(tmp_path / "studies", tmp_path / turn, TODAY), tmp_path / turn)
        trees.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert trees[0] == trees[1]
    assert set(trees[0]) == {"followup.csv", "followup.json", "uppfoljning.png", "uppfoljning.svg"}
    assert json.loads(trees[0]["followup.json"])["date"] == "2022-03-01"


def frame(count, **columns):
    """Rows of followup.csv as the page reads them."""
    base = dict.fromkeys(("study", "plan", "problem", "status", "verdict", "evaluated_to", "remarks", "text"), "")
    shown = {"title": "En åtgärd", "stage": "running", "start": "2021-07-01", "follow_up": "2023-01-01", "standing": "ok"}
    rows = [{**base, **shown, "days_left": 10 - k, "simulated": False, **columns} for k in range(count)]
    return pd.DataFrame(rows)


def words(chart):
    """Every word of a picture that lies outside it, and the size of its smallest letters."""
    from matplotlib import pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    figure = chart.draw()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    outside = []
    for text in shown:
        box = text.get_window_extent(canvas.get_renderer())
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1:
            outside.append(text.get_text())
    smallest = min(text.get_fontsize() for text in shown)
    size = tuple(figure.get_size_inches())
    plt.close(figure)
    return outside, smallest, size


@pytest.mark.parametrize("count", [1, 7, 30])
def test_the_slide_holds_its_words_in_large_letters(count):
    long = "Ordningsvakter och kamerabevakning på torgen i Exempelstads östra centrum under helgkvällar"
    rows = frame(count, title=long, plan="atgardsplan-2026:12", standing="overdue", days_left=-1234)
    outside, smallest, size = words(slide.chart(rows, TODAY, Texts("sv")))
    assert not outside
    assert smallest >= 14
    assert size[0] / size[1] == pytest.approx(16 / 9)


def test_the_slide_shows_the_most_urgent_and_says_how_many_more():
    rows = frame(9)
    rows.loc[8, "standing"] = "overdue"
    shown = slide.shown_rows(rows)
    assert len(shown) == slide.SHOWN
    assert shown["standing"].iloc[-1] == "overdue"
    assert slide.headline(rows, Texts("sv")) == "1 av 9 åtgärder har passerat sitt datum för uppföljning"


def test_the_slide_without_studies_of_the_plan_says_so():
    rows = frame(1, standing="outside")
    assert slide.headline(rows, Texts("sv")) == "Ingen åtgärd i planen har en studie ännu"
    assert not words(slide.chart(rows, TODAY, Texts("sv")))[0]


def test_the_page_links_only_to_pages_that_there_are(tmp_path):
    study(tmp_path, "parken")
    folder = write_follow_up(follow_up(tmp_path / "studies", tmp_path / "build", TODAY), tmp_path / "build")
    rows = followup_page.read_rows(folder)
    assert "](studier/parken/index.qmd)" in followup_page.table(rows, TODAY, Texts("sv"), {"parken"})
    assert "studier" not in followup_page.table(rows, TODAY, Texts("sv"), set())
    assert "läget 2022-03-01" in followup_page.picture(rows, TODAY, Texts("sv"))


def test_the_page_without_a_follow_up_says_how_it_is_made(tmp_path):
    followup_page.write_followup_page(None, tmp_path, set())
    said = (tmp_path / "_followup/picture.qmd").read_text(encoding="utf-8")
    assert said == "Uppföljningen har inte tagits fram ännu. Det görs med kommandot `utvardering followup`.\n"
