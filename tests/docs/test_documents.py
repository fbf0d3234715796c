"""Do the documents tell the truth: do their commands run, do their tables name what there is?"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from utvardering.checks.registry import CHECKS
from utvardering.estimators.registry import ESTIMATORS
from utvardering.robustness.registry import ROBUSTNESS
from utvardering.study.vocabulary import AVAILABLE_ESTIMATORS
from utvardering.synthesis.verdict import VERDICTS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def blocks(name, language):
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_the_six_commands_of_the_readme_run(tmp_path):
    shutil.copytree(ROOT / "reports", tmp_path / "reports", ignore=shutil.ignore_patterns("_site"))
    (tmp_path / "studies").mkdir()
    six = next(block for block in blocks("README.md", "sh") if "utvardering new" in block)
    commands = [shlex.split(line, comments=True) for line in six.splitlines()]
    assert len(commands) == 6
    for command in commands:
        command[0] = str(Path(sys.executable).with_name("utvardering"))
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
    assert (tmp_path / "reports" / "_site" / "studier" / "ljus-i-parken" / "ljus-i-parken.pdf").exists()


def test_the_python_of_the_readme_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for block in blocks("README.md", "python"):
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102 -- the document under test
    assert capsys.readouterr().out.strip() == "effect moderate"


def test_every_make_target_named_in_a_document_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in DOCUMENTS:
        named = set(
            re.findall(
                r"`?make ([a-z-]+)\b",
                " ".join(re.findall(r"`[^`]+`|^make .*$", path.read_text(encoding="utf-8"), re.MULTILINE)),
            )
        )
        assert named <= targets, (path.name, named - targets)


def test_help_lists_every_target_with_a_line():
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("setup", "reports", "study", "reproduce", "new-study", "test", "test-slow", "lint", "benchmark"):
        assert re.search(rf"make {target}\b.* \S+", done.stdout), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_architecture_names_what_is_registered():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for heading, registry in (("Estimators", ESTIMATORS), ("Checks", CHECKS), ("Robustness", ROBUSTNESS)):
        line = re.search(rf"^{heading} \(`[^`]+`\): (.+)\.$", text, re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", line[1])) == set(registry)
    for room in re.findall(r"^\| `(\w+)/`", text, re.MULTILINE):
        assert (ROOT / "src" / "utvardering" / room).is_dir()


def test_the_rules_name_every_check_and_verdict():
    text = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    assert set(CHECKS) <= set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert set(VERDICTS) <= set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_every_estimator_has_its_page_and_its_name_in_the_study_file():
    assert set(ESTIMATORS) == set(AVAILABLE_ESTIMATORS)
    for name in ESTIMATORS:
        page = (ROOT / "docs" / "methods" / f"{name}.md").read_text(encoding="utf-8")
        for part in ("**Question.**", "**Equation.**", "**Assumptions.**", "**Reference run.**", "**Library or own.**"):
            assert part in page, (name, part)


def test_the_glossary_names_identifiers_that_exist():
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    for row in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines():
        if row.startswith("|") and "`" in row:
            for name in re.findall(r"`([\w.]+)`", row.split("|")[3]):
                assert name in source, name


def test_the_constraints_pin_names_and_versions_only():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.+\-]+", line), line
