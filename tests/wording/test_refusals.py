"""Is the reason of what could not be computed told in the reader's language?"""

import pytest

from utvardering.wording.refusals import in_words

REASONS = {
    "y: a treated unit has no period before its start; move [period] first or last, or the start": "saknar perioder",
    "y: every value before the start is 0; did the series begin later?": "noll",
    "y: bounds on the trends need 3 periods before the start and one after, found 2 and 1": "för få perioder",
    "y: the covariance of 4 effects is not known from 9 units or clusters; name at least 13": "för få jämförelseområden",
    "y: bounds on the trends are not there for wdd, which knows no periods; add did to also": "räknar inte per period",
    "y: no events at all among the treated units, so no ratio exists": "för få händelser",
    "y: the areas started at different times, and adjusted compares one time": "olika tider",
    "the wild bootstrap needs at least 5 treated clusters, found 3: with so few it never rejects": "för få jämförelseområden",
    "y: treatment does not differ between units within periods, so no effect can be told apart": "går inte att skilja",
    "y: Ekparken has a missing value in the periods that bounds on the trends compare; fill it in": "Uppgifter saknas",
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_known_reason_is_told_in_swedish(reason):
    assert REASONS[reason] in in_words(reason, "sv")


def test_in_english_the_authors_own_sentence_follows():
    reason = "y: every value is the same, so there is nothing to compare"
    assert in_words(reason, "en").startswith("Every value is the same")
    assert reason in in_words(reason, "en")


def test_words_around_a_reason_are_kept():
    said = in_words("Kan inte bedömas (y: every value is the same, so there is nothing to compare).", "sv")
    assert said == "Kan inte bedömas: alla värden är lika, så det finns inget att jämföra."


def test_what_is_not_known_and_what_is_swedish_stay_as_they_are():
    for text in ("a stranger reason", "Det finns ingen planerad skattning av båda utfallen."):
        assert in_words(text, "sv") == text
