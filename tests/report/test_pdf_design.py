"""The design of the PDFs: what must stay together on a sheet does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import typst

TEMPLATE = Path(__file__).resolve().parents[2] / "reports" / "typst-template.typ"

DOCUMENT = """
#show: doc => article(title: [Prov], doc)
#for row in range({lines}) [rad \\ ]
#figure([#table(columns: 2, table.header([A], [B]), ..range(160).map(i => [cell]))],
  caption: figure.caption(position: top)[Rubriken], kind: "quarto-float-tbl", supplement: "Tabell")
"""


@pytest.mark.parametrize("lines", range(38, 48, 2))
def test_the_title_of_a_table_never_stands_alone_at_the_foot_of_a_page(lines: int, tmp_path: Path) -> None:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed")
    source = tmp_path / "page.typ"
    source.write_text(TEMPLATE.read_text(encoding="utf-8") + DOCUMENT.format(lines=lines), encoding="utf-8")
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(typst.compile(str(source)))
    sheets = subprocess.run([program, str(pdf), "-"], capture_output=True, text=True, check=True).stdout.split("\f")
    titled = [sheet for sheet in sheets if "Rubriken" in sheet]
    assert len(titled) == 1
    assert "cell" in titled[0]
    assert sum(sheet.count("cell") for sheet in sheets) == 160
