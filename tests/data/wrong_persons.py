"""Columns that look like personal data, all of them invented: content, changed tables, exit code, message."""

from __future__ import annotations

import pytest
from small_panel import changed, rows, with_column

CASES = [
    pytest.param(
        with_column("pnr", ["811228-9874"] * 18),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  pnr: looks like identity numbers of persons; personal data may not be in a study; take the column away"
        ),
        id="personnummer",
    ),
    pytest.param(
        with_column("lopnr", ["198112289874"] * 18),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  lopnr: looks like identity numbers of persons; personal data may not be in a study; take the column away"
        ),
        id="personnummer2",
    ),
    pytest.param(
        with_column("vem", ["Anna Andersson", "Erik Svensson", "Karl Berg"] * 6),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  vem: looks like names of persons; personal data may not be in a study; take the column away"
        ),
        id="names",
    ),
    pytest.param(
        with_column("plats", ["Storgatan 12"] * 18),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  plats: looks like street addresses; personal data may not be in a study; take the column away"
        ),
        id="address",
    ),
    pytest.param(
        with_column("anm", ["Mannen sprang mot torget och slog sedan sönder en ruta. Polisen kom."] * 18),
        {},
        3,
        ("data/panel.csv: 1 problem\n  anm: looks like free text; personal data may not be in a study; take the column away"),
        id="freetext",
    ),
    pytest.param(
        changed({9: "Norra;2020-02;Anna Andersson;1000"}),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  brott: looks like names of persons; personal data may not be in a study; take the column away"
        ),
        id="name_among_numbers",
    ),
    pytest.param(
        "Erik Svensson;;;\n" + "\n".join(rows()),
        {},
        3,
        "data/panel.csv: the header is not the first row but row 2: take away the rows above it",
        id="title_of_a_person",
    ),
    pytest.param(
        with_column("post", ["a.b@exempel.se"] * 18),
        {},
        3,
        (
            "data/panel.csv: 1 problem\n"
            "  post: looks like e-mail addresses; personal data may not be in a study; take the column away"
        ),
        id="mail",
    ),
]
