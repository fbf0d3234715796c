"""The measure of reading itself, against texts counted by hand, and the summary and the one page of a made-up study."""

import pytest

from tests.report.fixtures.builds import make
from tests.report.reading import LOOSE, POINT, english, lix
from utvardering.report import onepage, sentences
from utvardering.report.figures import write_figures
from utvardering.report.render import stage
from utvardering.report.results import Results


@pytest.mark.parametrize(
    ("text", "value"),
    [("Det är en bil.", 4.0), ("Det är en bil. Den är röd.", 3.5), ("Kommunen betalar: **en** bil.", 2.0 + 100 * 2 / 4)],
)
def test_lix_is_what_one_counts_by_hand(text, value):
    assert lix(text) == pytest.approx(value)


def test_what_does_not_belong_is_found():
    assert english("Kontrollen power failed the test") == ["power", "failed", "the"]
    assert POINT.search("5.1 procent")
    assert LOOSE.search("5,1 %")
    assert not LOOSE.search("5,1\u00a0% av 1\u00a0909")


def test_summary_is_easy_to_read(tmp_path):
    said = " ".join(sentences.summary(Results.load(make(tmp_path))))
    assert lix(said) < 45
    assert not english(said)
    assert not POINT.search(said)
    assert not LOOSE.search(said)


def test_the_one_page_leaves_the_position_to_the_municipality(tmp_path, capsys):
    """Between the heading and the end of the page there is no cell: the program cannot fill the space."""
    run = make(tmp_path / "build")
    write_figures(run)
    stage([run], tmp_path / "stage")
    page = (tmp_path / "stage/studier/prov/en-sida.qmd").read_text(encoding="utf-8")
    assert "{python}" not in page.split("{#sec-stallningstagande}")[1]
    assert "one-page: true" in page
    assert "(en-sida.qmd)" in (tmp_path / "stage/_onepage.qmd").read_text(encoding="utf-8")
    results = Results.load(run)
    for part in (onepage.answer, onepage.strip, onepage.picture):
        part(results)
    shown = capsys.readouterr().out
    assert sentences.verdict_sentence(results, results.primary) in shown
    assert shown.count("fig-alt=") == 1
    assert "Hur säkert?" in shown
