"""What a text tells of a person is found however it is spelled, and honest tables, titles and numbers are left alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from utvardering.data.municipalities import municipalities
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.tables import read_table
from utvardering.disclosure.identity import is_number_spread_out, luhn
from utvardering.disclosure.text import names_in, personal_in
from utvardering.errors import DataError

PERSONAL = {
    "an identity number": (
        "811228-9874", "19811228-9874", "8112289874", "811228+9874", "701063-2391", "19811228 9874", "811228 - 9874",
        "\uff18\uff11\uff11\uff12\uff12\uff18-\uff19\uff18\uff17\uff14",
        "8112\u200b28-9874", "811228\u00a09874", "811228–9874", "811228\u20119874", "81 12 28-9874",
        "1981-12-28-9874", "1981-12-28 9874", "811228-T123", "19811228T123", "ärende 811228-9874 öppet", "81-12-28 9874",
        "1981 12 28 9874", "811228/9874", "811228.9874", "\ufeff811228-9874", "(811228-9874)", "pnr:811228-9874",
    ),
    "a person's name": (
        "Anna Andersson", "Andersson, Anna", "Andersson Anna", "Anna K. Andersson", "Anna K Andersson", "A. Andersson",
        "Mohamed Ali", "Fatima Hassan", "Anders Perssons bil", "samtal med Maria Lund", "Per Albin Hansson", "Lund, Maria",
        "Erik Gustav Svensson", "Anna\u00a0Andersson", "Björn Öberg", "Åsa Söderström",
    ),
    "an e-mail address": ("fornamn.efternamn@exempel.se", "fornamn(at)exempel.se"),
    "a telephone number": ("070-123 45 67", "+46 70 123 45 67", "0701234567", "0046701234567"),
    "a street address": ("Storgatan 12 B", "Norra vägen 3", "bor på Storgatan 12"),
    "a designation of a property": ("Kv Björken 3:12", "fastigheten Björken 3:12"),
    "a vehicle's registration number": ("regnr ABC 123",),
    "an IP address": ("192.168.1.17", "2001:db8::1", "fe80:0:0:0:0:0:0:1"),
    "coordinates": ("59.3293, 18.0686", "6580822, 674032", "59,32931 18,06861"),
}  # fmt: skip

HONEST = (
    # areas, parishes, schools, roads
    "Centrum norra", "Maria Magdalena församling", "Riksväg 40", "Karlavägens skola", "Gustav Adolfs torg", "Sankt Eriks",
    "S:t Eriksplan", "Karl Johan", "Maria Park", "Oscar Fredrik", "Hedvig Eleonora", "Ulrika Eleonora", "Adolf Fredrik",
    "Per Albin Hanssons torg", "Karl Larssons väg", "S. Sandby", "N. Åsum", "V. Frölunda", "Anna", "Sofia", "Katarina",
    "Sofia församling, Katarina församling", "Stortorget 2024", "Storgatan 1–20", "Erik Dahlbergsgatan", "Stadsdel 12",
    "Område A", "Kvarteret Lyktan", "Kungsbacka C", "Lund C", "Malmö Norra", "Bo kyrkby", "Bo i Vingåker", "Stig Norra",
    "Norra Fäladen, Lund", "Rosengård", "Möllevången", "Hjällbo", "Rinkeby-Kista", "Skärholmen 3", "Torg 1", "Park 01",
    "Zon 12", "Hållplats 1234", "Gustav Vasa", "Johannes kyrka", "Anna skola", "Linné", "Max IV", "Vasastaden", "Kil", "Ed",
    "Ale", "Åre", "Mora", "Sala", "Nora", "Lidköping, Götene, Skara", "Polisregion Syd", "LPO Malmö Norr",
    # codes and registers
    "0180C1010", "0180R001", "1280A0010", "0764", "0180", "SE123", "OMR001", "ABC-1", "KS 2024-0123", "Dnr 2023/1234-5",
    "1234567890", "811228-9875", "813328-9874", "8113289876", "556677-8899", "5566778899", "165566778899", "212000-0142",
    "N07540", "U07417", "TAB6574", "DeSO 2018", "RegSO 2020", "10.1007/s10940-018-9388-7", "978-91-1234-567-8", "1.2.3",
    "2.4.6.1", "3.11.7", "v0.15.9",
    # numbers, amounts, times
    "0.8112289874", "1 200 000", "4 200 000 kr", "12,3456", "100 000", "1e-05", "-0.6699532150612856", "2 345 678 901",
    "2019-07-01", "2019-07-01 0800", "201907010800", "2019-07-01T08:00", "20190701 1200", "kl 12:30", "21:00–03:00", "2020-W15",
    "2019K3", "2018-01-01–2024-12-31", "95 %", "6 % till 12 %", "−48,8 %", "p = 0,043", "1 234 567 890", "2024-2025",
    # titles and sentences of studies
    "Anmälda brott mot person per 100 000 invånare", "Andel trygga utomhus sen kväll", "Skadegörelse", "Misstänkta personer",
    "Kommunstyrelsens protokoll 2022-05-11 § 88", "SFS 2003:460", "lag (2023:196)", "Brå 2011:20", "prop. 2022/23:43",
    "Crime Science 7:11", "Wheeler & Ratcliffe (2018, Crime Science 7:11)", "David Weisburd och Lorraine Green (1995)",
    "registrator@exempelstad.se", "tillganglighet@exempel.se", "Polismyndigheten, region Syd", "Exempelstads kommun",
    "Sex trygghetsvärdar rör sig i centrum kvällar och helger.", "SCB, folkmängd 31 december", "Brå, anmälda brott", "CC0",
    "North Carolina", "West Virginia", "Virginia Beach", "Tuna Backar", "Carl Johan", "Sickla Strand", "Katarina Sofia",
    "Hotell Andersson", "extern granskare", "kommunstyrelsen", "Trygghetssamordnare", "https://www.scb.se/vara-tjanster/",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PERSONAL.items() for text in texts])
def test_what_tells_of_a_person_is_found(kind: str, text: str) -> None:
    assert kind in {hit.kind for hit in personal_in(text)}


def test_more_than_a_hundred_honest_texts_are_left_alone() -> None:
    assert len(HONEST) > 100
    assert {text: [hit.kind for hit in personal_in(text)] for text in HONEST if list(personal_in(text))} == {}
    assert [text for text in HONEST if is_number_spread_out(text)] == []


def test_every_honest_text_loads_as_a_unit(tmp_path: Path) -> None:
    no_unit = {"Crime Science 7:11"}  # spelled as a property is, and no area is called so
    allowed = [text for text in HONEST if "@" not in text and len(text.split()) < 7 and text not in no_unit]
    refused = []
    for number, text in enumerate(allowed):
        path = tmp_path / f"t{number}.csv"
        pd.DataFrame({"omrade": [text, "Norra", "Södra"], "antal": [1, 2, 3]}).to_csv(path, index=False, sep=";")
        try:
            refuse_personal_data(read_table(path))
        except DataError:
            refused.append(text)
    assert refused == []


def test_no_municipality_is_a_person() -> None:
    assert [name for name in municipalities().values() if list(personal_in(name))] == []


def honest_tables() -> dict[str, pd.DataFrame]:
    ids = [number for number in range(1_234_567_000, 1_234_567_400) if not luhn(str(number))]
    days = pd.date_range("2020-01-01", periods=60).strftime("%Y-%m-%d")
    return {
        "register": pd.DataFrame({"lopnummer": ids, "antal": 1}),
        "days_and_codes": pd.DataFrame({"dag": days, "kommun": [f"{k:04d}" for k in range(1080, 1140)], "antal": 3}),
        "middles": pd.DataFrame({"omrade": ["A", "B"] * 4, "lat": [55.60512, 55.61234] * 4, "lon": [13.00321, 13.01234] * 4}),
        "people_and_money": pd.DataFrame({"kommun": list("ABCDE"), "folkmangd": [300_100, 340_900, 560_200, 984_700, 250_500],
                                          "budget": [6_200_000, 6_900_000, 9_100_000, 7_700_001, 400]}),
        "accounts": pd.DataFrame({"konto": ["556677-8899", "212000-0142", "802000-1234"], "belopp": [1_234_567_890, 2, 3]}),
        "names_of_places": pd.DataFrame({"omrade": ["Sofia", "Maria", "Katarina", "Oscar", "Högalid"], "antal": 2}),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(honest_tables()))
def test_honest_tables_load(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.csv"
    honest_tables()[name].to_csv(path, index=False, sep=";")
    refuse_personal_data(read_table(path))


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        (
            {"fodd": ["18811228", "18450713", "18630309"], "sista": ["9874", "4238", "2817"]},
            "identity numbers of persons, split in two",
        ),
        ({"x": [6580822, 6580900, 6581111], "y": [674032, 674100, 674555]}, "coordinates finer than an area"),
        ({"lat": [59.32931, 59.3301, 59.3422], "lon": [18.06861, 18.0712, 18.0111]}, "coordinates finer than an area"),
        ({"fordon": ["ABC123", "KLM45X", "XYZ 987"]}, "registration numbers of vehicles"),
        ({"plats": ["Björken 3:12", "Eken 1:4", "Almen 2:2"]}, "designations of properties"),
        ({"tel": ["1", "2", "3"]}, "telephone numbers"),
        ({"nummer": ["040-12 34 56", "x", "y"]}, "telephone numbers"),
        ({"kod": ["8112 28 98 74", "x", "y"]}, "identity numbers of persons"),
    ],
)
def test_tables_that_tell_of_persons(columns: dict[str, list[object]], what: str, tmp_path: Path) -> None:
    if "fodd" in columns:
        digits = [f"{day[2:]}{four[:3]}" for day, four in zip(columns["fodd"], columns["sista"], strict=True)]
        checks = [next(check for check in range(10) if luhn(f"{nine}{check}")) for nine in digits]
        columns["sista"] = [f"{nine[-3:]}{check}" for nine, check in zip(digits, checks, strict=True)]
    path = tmp_path / "t.parquet"
    pd.DataFrame(columns).to_parquet(path)
    with pytest.raises(DataError, match=what):
        refuse_personal_data(read_table(path))


@pytest.mark.parametrize(
    "name", ["Kjersti Gulbrandsen", "Outi Hämäläinen", "Dragana Vuković", "Zbigniew Grzelak", "Hüseyin Türk"]
)
def test_a_rarer_name_is_found_beside_its_surname(name: str) -> None:
    assert list(names_in(f"Mötet leddes av {name} på tisdagen.")) == [name]


def test_a_rarer_given_name_alone_or_before_a_word_is_a_place() -> None:
    assert list(names_in("Tuna Backar och Park Central ligger nära Vasa Strand.")) == []


def test_digits_of_a_checksum_are_nobody_and_digits_beside_one_are_somebody():
    sums = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(3000)]
    assert not any(list(personal_in(f'"data.csv": "{one}",\n')) for one in sums), "4 of these were taken for persons"
    assert [hit.kind for hit in personal_in(f"{sums[0]} 811228-9874")] == ["an identity number"]
