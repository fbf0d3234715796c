"""What the report says: numbers come from the results, every verdict is said plainly, and in the reader's language."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.report.fixtures.builds import CHECKS, make
from utvardering.report import cost, sentences, sureness
from utvardering.report.results import Results

VERDICTS = ("effect", "effect_opposite", "no_effect_of_interest", "uncertain", "not_interpretable", "not_implemented")
CERTAINTIES = ("high", "moderate", "low", "very_low")
EFFECTS = {
    "effect": (-20.0, -30.0, -9.0),
    "effect_opposite": (14.0, 3.0, 25.0),
    "no_effect_of_interest": (-1.0, -5.0, 4.0),
    "uncertain": (-8.0, -22.0, 9.0),
    "not_interpretable": (-37.0, -41.0, -33.0),
    "not_implemented": (-37.0, -41.0, -33.0),
}
ENGLISH = {"the", "of", "and", "with", "effect", "not", "was", "is", "interval", "year", "none", "than", "by"}


def words(text):
    return re.findall(r"[a-zåäöé]+", text.lower())


def lix(text):
    """Läsbarhetsindex: words a sentence plus the percentage of words longer than six letters; 45 is ordinary newspaper text."""
    plain = re.sub(r"[*_:]", " ", text)
    found = re.findall(r"[A-Za-zÅÄÖåäö]+|\d[\d\u00a0,]*", plain)
    count = max(len(re.findall(r"[.!?](?:\s|$)", plain)), 1)
    return len(found) / count + 100 * sum(len(word) > 6 for word in found) / len(found)


@pytest.mark.parametrize("certainty", CERTAINTIES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_and_certainty_gives_a_plain_swedish_summary(tmp_path, verdict, certainty):
    run = Results.load(make(tmp_path, verdict=verdict, certainty=certainty, effect=EFFECTS[verdict]))
    text = " ".join(sentences.summary(run))
    assert text.startswith(f"**{run.texts(f'verdict.{verdict}').capitalize()}")
    assert run.texts(f"certainty.{certainty}") in text
    assert lix(text) < 45, lix(text)
    assert not ENGLISH & set(words(text))
    assert not re.search(r"\d\.\d", text)
    assert "nan" not in text.lower()
    assert "{" not in text
    assert sentences.meaning(run)[1]
    assert len(sentences.strip(run)) == 5


@pytest.mark.parametrize("verdict", ["not_interpretable", "not_implemented"])
def test_nothing_in_the_summary_comes_from_an_estimate_that_may_not_be_read(tmp_path, verdict):
    run = Results.load(make(tmp_path, verdict=verdict, effect=EFFECTS[verdict]))
    shown = " ".join([*sentences.summary(run), *(said for _, said in sentences.strip(run)), *cost.sentences(run)])
    assert not re.search(r"\b(37|41|33|370|410|330)\b", shown)


def test_a_changed_result_changes_the_sentence(tmp_path):
    before = sentences.verdict_sentence(*_run(tmp_path / "a", (-20.0, -30.0, -9.0)))
    after = sentences.verdict_sentence(*_run(tmp_path / "b", (-25.0, -34.0, -12.0)))
    assert before == (
        "**Effekt påvisad. Anmälda brott i centrum minskade med 20\u00a0%** jämfört med vad som annars var att vänta "
        "(95\u00a0% intervall: 9,0 till 30,0\u00a0%)."
    )
    assert after.replace("25\u00a0%", "20\u00a0%").replace("12 till 34", "9,0 till 30,0") == before


def _run(root, effect):
    run = Results.load(make(root, effect=effect))
    return run, run.primary


def test_the_same_effect_as_events(tmp_path):
    run = Results.load(make(tmp_path))
    run.figures.update(starts=["2022-01", "2022-01"], exposure={"brott": 4000.0})
    count, rate = sentences.frequency(run, run.primary)
    assert count == (
        "Det motsvarar ungefär 200 färre på 24\u00a0månader (95\u00a0% intervall: 90 till 300 färre): "
        "800 i stället för 1\u00a0000."
    )
    assert rate == "Räknat per 1\u00a0000 invånare och år är det 100 i stället för 125."


def test_an_interval_across_zero_names_both_sides(tmp_path):
    run = Results.load(make(tmp_path))
    assert sentences.span(run, -22, 9) == "22\u00a0% lägre till 9,0\u00a0% högre"
    assert sentences.units_span(run, -40, 12) == "40 färre till 12 fler"
    assert sentences.span(run, 12, 30) == "12 till 30\u00a0% högre"


def test_trygghet_is_said_by_itself(tmp_path):
    said = sentences.summary(Results.load(make(tmp_path)))[-1]
    assert said == (
        "Trygghet mättes för sig. Andel trygga ute sen kväll: osäkert, 5,0\u00a0% högre "
        "(95\u00a0% intervall: 2,0\u00a0% lägre till 12\u00a0% högre)."
    )


def test_reported_crime_has_its_caveat_and_the_feeling_of_safety_has_not(tmp_path):
    run = Results.load(make(tmp_path))
    assert run.primary.is_reported_crime
    assert not run.outcomes[1].is_reported_crime
    assert run.texts("summary.reported") in " ".join(sentences.summary(run))


def test_cost_per_avoided_event_needs_an_established_effect(tmp_path):
    yes = Results.load(make(tmp_path / "a"))
    no = Results.load(make(tmp_path / "b", verdict="uncertain", effect=EFFECTS["uncertain"]))
    assert "**12\u00a0000\u00a0kronor** (95\u00a0% intervall: 8\u00a0000\u00a0kronor till 26\u00a0700\u00a0kronor)" in " ".join(
        cost.sentences(yes)
    )
    assert "undvikt händelse kostade visas inte: räknas bara när en effekt är påvisad" in " ".join(cost.sentences(no))


def test_each_check_is_a_question_with_its_grade(tmp_path):
    checks = (("pretrend", "not_evaluated"), ("power", "fail"), *CHECKS[:2])
    run = Results.load(make(tmp_path, checks=checks))
    found = [*sureness.checked(run), *sureness.doubted(run)]
    grades = {one.question: one.grade for one in found}
    assert grades["Var utvecklingen lika före start?"] == "not_evaluated"
    assert grades["Är studien stor nog att se en effekt?"] == "fail"
    assert grades["Ger andra metoder samma svar?"] == "pass"


def test_without_a_lottery_the_test_is_a_placebo_test(tmp_path):
    drawn = Results.load(make(tmp_path / "a", assignment="lottery"))
    chosen = Results.load(make(tmp_path / "b"))
    assert "placebotest" in " ".join(sureness.explanations(chosen))
    assert "placebotest" not in " ".join(sureness.explanations(drawn))


def test_a_replication_speaks_of_the_published_number_only(tmp_path):
    folder = make(tmp_path, replication="Ett arbete (2013)", verdict="effect_opposite", effect=EFFECTS["effect_opposite"])
    (folder / "expected.toml").write_text(
        '[[expected]]\noutcome = "brott"\nestimator = "poisson_did"\nestimate = 0.1310\ntolerance = 0.001\n'
        'source = "Tabell 2"\n',
        encoding="utf-8",
    )
    run = Results.load(folder)
    text = " ".join(sentences.summary(run))
    assert text.startswith(
        "**Talet återskapades.** Studien upprepar Ett arbete (2013). Den ger 0,1310 på logaritmisk skala; "
        "jämförelsetalet är 0,1310 (Tabell 2)."
    )
    assert "fel håll" not in text


def test_the_same_report_in_english(tmp_path):
    text = " ".join(sentences.summary(Results.load(make(tmp_path, language="en"))))
    assert text.startswith("**Effect established. Anmälda brott i centrum fell by 20%** compared with")
    assert not {"och", "jämfört", "säkerheten"} & set(words(text))


def test_both_languages_have_the_same_sentences_with_the_same_facts():
    from utvardering.report.texts import _catalogue

    swedish, english = _catalogue("sv"), _catalogue("en")
    assert {table: set(found) for table, found in swedish.items()} == {table: set(found) for table, found in english.items()}
    for table, found in swedish.items():
        for key in found:
            facts = [set(re.findall(r"\{(\w+)\}", str(text[table][key]))) for text in (swedish, english)]
            assert facts[0] == facts[1], f"{table}.{key}"


@pytest.mark.parametrize("design", ["individuals", "series"])
def test_a_design_says_the_same_things_in_both_languages_with_the_same_facts_and_nothing_new(design):
    from utvardering.report.texts import _catalogue

    folder = Path(sentences.__file__).parent / "text"
    own = [tomllib.loads((folder / f"{design}.{language}.toml").read_text(encoding="utf-8")) for language in ("sv", "en")]
    assert {table: set(found) for table, found in own[0].items()} == {table: set(found) for table, found in own[1].items()}
    for table, found in own[0].items():
        for key, said in found.items():
            facts = [set(re.findall(r"\{(\w+)\}", str(text))) for text in (said, own[1][table][key])]
            assert facts[0] == facts[1], f"{table}.{key}"
            assert type(said) is type(own[1][table][key]), f"{table}.{key}"
            assert not re.search(r"\b(the|and|with|before|after)\b", re.sub(r"\{\w+\}", "", str(said))), f"{table}.{key}"
        assert table in _catalogue("sv"), table
