"""Does the coordinator's guide lead from an empty folder to a registered plan, with its own words alone?"""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl

from utvardering.study.load import load_study

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "planera.md").read_text(encoding="utf-8")
AREAS = [
    *("Centrum", "Stationen", "Parken", "Almby", "Bergsgatan", "Björkhaga", "Domarringen", "Ekholmen", "Hagalund", "Järnbron"),
    *(
        "Karlslund",
        "Lövåsen",
        "Mellringe",
        "Norrby",
        "Oxhagen",
        "Pilgatan",
        "Rosta",
        "Solgårda",
        "Sörby",
        "Tybble",
        "Udden",
        "Åsen",
    ),
]
MONTHS = [dt.date(2016 + (10 + k) // 12, (10 + k) % 12 + 1, 1) for k in range(120)]


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def write_sheet(path):
    """22 areas by 120 months, with the columns that the guide shows."""
    head = next(line for line in GUIDE.splitlines() if line.startswith("| Område |"))
    rng = np.random.default_rng(3)
    book = openpyxl.Workbook()
    book.active.append([name.strip() for name in head.strip("|").split("|")])
    for area in AREAS:
        level, people = rng.uniform(15, 25), int(rng.integers(3000, 5000))
        for month in MONTHS:
            book.active.append([area, month, int(rng.poisson(level)), int(rng.poisson(6)), people])
    book.save(path)


def test_the_guide_leads_to_a_registered_plan(tmp_path):
    shutil.copytree(ROOT / "reports", tmp_path / "reports", ignore=shutil.ignore_patterns("_site"))
    (tmp_path / "studies").mkdir()
    commands = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
    assert [command[1] for command in commands] == ["new", "check", "design", "report", "register", "followup"]
    folder = tmp_path / "studies" / "torgvakter"
    for command in commands:
        command[0] = str(Path(sys.executable).with_name("utvardering"))
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        if command[1] == "new":
            for name in ("panel.csv", "sources.toml"):
                (folder / "data" / name).unlink()
            write_sheet(folder / "data" / "brott.xlsx")
            (folder / "study.toml").write_text(blocks("toml")[0], encoding="utf-8")
        if command[1] == "check":
            assert "the study file is right and the data fit it" in done.stdout
            assert "har inga rader så sent" in done.stdout
    page = (tmp_path / "reports/_site/studier/torgvakter/index.html").read_text(encoding="utf-8")
    assert re.search("Ja, studien kan ge svar|Bara om effekten är stor|Nej, ", page)
    assert (folder / "plan.lock").is_file()
    assert "planen låst" in done.stdout
    rows = (tmp_path / "build/followup/followup.csv").read_text(encoding="utf-8")
    assert "registered" in rows
    assert json.loads((tmp_path / "build/followup/followup.json").read_text(encoding="utf-8"))["studies"] == 1
    assert load_study(folder).study.status == "registered"


def test_the_answers_that_the_guide_explains_are_those_of_the_page():
    import tomllib

    texts = tomllib.loads((ROOT / "src/utvardering/report/text/sv.toml").read_text(encoding="utf-8"))["design"]
    for name in ("yes", "large_only", "no", "false_alarms"):
        said = re.match(r"\*\*(.+?)\*\*", texts[f"answer_{name}"])
        assert f"- **{said[1]}**" in GUIDE


def test_the_messages_that_the_guide_explains_are_those_of_the_program():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    listed = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.MULTILINE)
    assert len(listed) == 7
    for message in listed:
        for part in re.split(r"…\??|\. Did you mean", message):
            assert part.strip() in source, part
