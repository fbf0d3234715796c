"""What does a real git history give away, what does it prove, and what is said where there is none?"""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.registration.locked import (
    NOW,
    amend,
    commit,
    draft,
    git,
    lock_values,
    registered,
    replace,
    repository,
    verified,
    write_lock,
)
from tests.registration.test_gate import LEAVES, edited, faults, named
from utvardering.errors import ReproductionError, StudyError
from utvardering.registration.files import statement
from utvardering.registration.git import History
from utvardering.registration.register import register_study
from utvardering.registration.state import verify, with_opening
from utvardering.study.load import load_study
from utvardering.study.opened import OPENED, note_opened
from utvardering.study.plan_values import plan_sha256
from utvardering.study.register import LOCK

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is what is tried")
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("history"))


@pytest.fixture
def folder(once: Path, tmp_path: Path) -> Path:
    """The registered study in a repository of its own."""
    shutil.copytree(once.parents[1], tmp_path / "archive")
    return tmp_path / "archive" / "studies" / once.name


def root(folder: Path) -> Path:
    return folder.parents[1]


def test_a_committed_lock_is_proved_by_its_commit(folder: Path) -> None:
    found = verified(folder)
    assert [(one.kind, one.date) for one in found.proofs] == [("git", "2021-06-15")]
    assert found.doubts == ()
    assert found.lock is not None
    assert found.lock.git_commit == git(root(folder), "rev-list", "--max-parents=0", "HEAD")
    assert "Åtgärden hade då inte börjat." in statement(found)
    assert "Ett lås som görs om från början" in statement(found)


@pytest.mark.parametrize("key", [key for key in LEAVES if key != "lock_sha256"])
def test_any_field_of_a_committed_lock_is_caught_even_sealed_anew(folder: Path, key: str) -> None:
    write_lock(folder, edited(lock_values(folder), key), sealed=True)
    fault = faults(folder)
    field = next(
        problem for problem in fault.problems if problem.key == f"{LOCK}: {key}" and "was committed" in problem.message
    )
    assert "Restore it: git checkout" in field.message
    commit(root(folder), NOW + 9 * DAY)  # committing the forgery does not help
    assert f"{LOCK}: {key}" in named(faults(folder))


def test_plan_and_lock_made_anew_are_caught_by_the_history(folder: Path) -> None:
    (folder / LOCK).unlink()
    replace(folder / "study.toml", 'status = "registered"', 'status = "draft"')
    replace(folder / "study.toml", "smallest_effect = -0.10", "smallest_effect = -0.01")
    with pytest.raises(ReproductionError, match="the registration was removed"):
        register_study(folder, root(folder) / "build", NOW)
    other = registered_elsewhere(folder)
    shutil.copy(other / LOCK, folder / LOCK)
    replace(folder / "study.toml", 'status = "draft"', 'status = "registered"')
    assert f"{LOCK}: plan.outcomes[brott].smallest_effect" in named(faults(folder))


def registered_elsewhere(folder: Path) -> Path:
    """The same folder, registered outside of the repository."""
    other = root(folder).parent / "elsewhere" / folder.name
    shutil.copytree(folder, other)
    register_study(other, other.parent / "build", NOW)
    return other


def test_lock_and_status_taken_away_together_are_caught(folder: Path) -> None:
    (folder / LOCK).unlink()
    replace(folder / "study.toml", 'status = "registered"', 'status = "draft"')
    with pytest.raises(ReproductionError) as caught:
        verified(folder)
    assert named(caught.value) == [LOCK]
    assert "was committed on 2021-06-15" in str(caught.value)
    gone = commit(root(folder), NOW + 9 * DAY)
    text = str(faults(folder))
    assert f"and taken away on 2021-06-24 ({gone[:10]}): the registration was removed. Restore it: git checkout" in text


def test_a_lock_that_names_a_younger_commit_is_backdated(tmp_path: Path) -> None:
    git_root = tmp_path / "archive"
    git_root.mkdir()
    git(git_root, "init", "-q", "-b", "main")
    folder = draft(git_root / "studies")
    commit(git_root, NOW)
    with pytest.raises(ReproductionError) as caught:  # register itself refuses a clock that runs before its own history
        register_study(folder, git_root / "build", NOW - 400 * DAY)
    assert named(caught.value) == [f"{LOCK}: registered_at"]
    assert "the lock is younger than it says" in str(caught.value)
    assert not (folder / LOCK).exists()  # nothing is left half-done
    assert git(git_root, "status", "--porcelain") == ""


def test_a_lock_that_was_committed_later_is_said(tmp_path: Path) -> None:
    """Back-dated in every field, with the hash of an old commit: only the commit of the lock speaks, and it is told."""
    git_root = tmp_path / "archive"
    git_root.mkdir()
    git(git_root, "init", "-q", "-b", "main")
    folder = draft(git_root / "studies")
    commit(git_root, NOW - DAY)
    register_study(folder, git_root / "build", NOW)
    commit(git_root, NOW + 300 * DAY)
    found = verified(folder)
    assert [one.date for one in found.proofs] == ["2022-04-11"]
    late = "Låset säger 2021-06-15, men checkades in i git först 2022-04-11. Bara det senare datumet har stöd."
    assert found.doubts == (late,)
    assert late in statement(found)


def test_a_lock_that_is_younger_than_its_commit_is_caught(folder: Path) -> None:
    git(root(folder), "commit", "-q", "--amend", "--no-edit", date=NOW - 3 * DAY)
    assert f"{LOCK}: registered_at" in named(faults(folder))


def test_a_commit_that_is_not_in_the_history_is_said(tmp_path: Path) -> None:
    folder = registered(tmp_path / "archive" / "studies")
    values = lock_values(folder) | {"git_commit": "0123456789" * 4}
    write_lock(folder, values, sealed=True)
    git(tmp_path / "archive", "init", "-q", "-b", "main")
    commit(tmp_path / "archive", NOW + dt.timedelta(minutes=1))
    assert verified(folder).doubts == ("Låset nämner incheckningen 0123456789, som inte finns i historiken.",)


def test_a_lock_that_is_not_committed_is_said(tmp_path: Path) -> None:
    git_root = tmp_path / "archive"
    git_root.mkdir()
    git(git_root, "init", "-q", "-b", "main")
    folder = draft(git_root / "studies")
    commit(git_root, NOW - DAY)
    done = register_study(folder, git_root / "build", NOW)
    assert done.registration.doubts == ("plan.lock är inte incheckad i git.",)
    assert "Ingenting bevisar datumet." in statement(done.registration)
    assert any("commit the lock now and push it" in note for note in done.notes)


def test_without_a_repository_or_without_git_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = registered(tmp_path / "studies")
    assert verified(folder).doubts == ("Studien ligger inte i ett git-arkiv.",)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert History(folder).state == "no_git"
    assert verified(folder).doubts == ("Programmet git saknas, så historiken kunde inte läsas.",)


def test_a_shallow_history_is_said(folder: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root(folder)}", "shallow")
    assert "Bara en del av git-historiken är hämtad" in verified(tmp_path / "shallow" / "studies" / folder.name).doubts[0]


def opened(folder: Path, when: dt.datetime) -> None:
    assert note_opened(folder, plan_sha256(load_study(folder)), "0.1.0", when)


def test_an_opening_that_is_taken_away_or_changed_is_caught(folder: Path) -> None:
    opened(folder, NOW + 20 * DAY)
    commit(root(folder), NOW + 20 * DAY)
    assert verified(folder).opened is not None
    content = (folder / OPENED).read_text(encoding="utf-8")
    (folder / OPENED).unlink()
    assert named(faults(folder)) == [OPENED]
    (folder / OPENED).write_text(content.replace("2021-07-05", "2021-12-05"), encoding="utf-8")
    assert named(faults(folder)) == [OPENED]
    (folder / OPENED).write_text("öppnad = 1", encoding="utf-8")
    assert OPENED in named(faults(folder))
    commit(root(folder), NOW + 30 * DAY)
    assert OPENED in named(faults(folder))


def test_outcomes_that_were_opened_before_the_lock_are_caught(folder: Path) -> None:
    opened(folder, NOW - 20 * DAY)
    fault = faults(folder)
    assert named(fault) == [OPENED]
    assert "outcomes after the start were opened on 2021-05-26, before the plan was registered on 2021-06-15" in str(fault)


def test_outcomes_that_were_opened_under_another_plan_are_caught(folder: Path) -> None:
    assert note_opened(folder, "ab" * 32, "0.1.0", NOW + 20 * DAY)
    assert "under the plan abababababab, which is neither the registered one nor named by an amendment" in str(faults(folder))


def test_a_study_whose_opening_was_taken_away_cannot_be_registered(tmp_path: Path) -> None:
    git_root = tmp_path / "archive"
    git_root.mkdir()
    git(git_root, "init", "-q", "-b", "main")
    folder = draft(git_root / "studies")
    opened(folder, NOW - 5 * DAY)
    commit(git_root, NOW - 5 * DAY)
    (folder / OPENED).unlink()
    commit(git_root, NOW - 4 * DAY)
    with pytest.raises(StudyError, match="outcomes after the start have been opened") as caught:
        register_study(folder, git_root / "build", NOW)
    assert "opened on 2021-06-10" in str(caught.value)


def test_an_amendment_that_came_into_git_later_than_it_says_is_said(folder: Path) -> None:
    replace(folder / "study.toml", "seed = 7", "seed = 8")
    amend(folder, f"Plan: {plan_sha256(load_study(folder))}", "2021-08-01")
    commit(root(folder), NOW + 200 * DAY)
    assert verified(folder).doubts == ("Ändringen 2021-08-01 kom in i git först 2022-01-01.",)


def test_an_amendment_dated_before_outcomes_that_were_opened_without_it_is_said(folder: Path) -> None:
    opened(folder, NOW + 60 * DAY)
    replace(folder / "study.toml", "seed = 7", "seed = 8")
    amend(folder, f"Plan: {plan_sha256(load_study(folder))}", "2021-08-01")
    expected = "Ändringen är daterad 2021-08-01, men när utfallen öppnades 2021-08-14 gällde planen före den."
    assert verified(folder).doubts == (expected,)


def test_a_signed_tag_is_a_proof(folder: Path, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen makes the key that signs")
    key = tmp_path / "key"
    program = str(shutil.which("ssh-keygen"))
    subprocess.run([program, "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(key))):
        git(root(folder), "config", name, value)
    git(root(folder), "tag", "-s", "plan-2021", "-m", "Planen", date=NOW + dt.timedelta(minutes=9))
    git(root(folder), "tag", "-a", "unsigned", "-m", "Inget bevis")
    tag = next(one for one in verified(folder).proofs if one.kind == "tag")
    assert tag.statement == "Signerad tagg plan-2021, 2021-06-15. Signaturen kunde inte kontrolleras här: nyckeln är inte känd."
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    (tmp_path / "allowed").write_text(f"prov@example.se {public}", encoding="utf-8")
    git(root(folder), "config", "gpg.ssh.allowedSignersFile", str(tmp_path / "allowed"))
    tags = [one.statement for one in verified(folder).proofs if one.kind == "tag"]
    assert tags == ["Signerad tagg plan-2021, 2021-06-15. Signaturen är kontrollerad."]


def test_a_run_in_a_folder_that_cannot_be_written_goes_on_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = registered(tmp_path / "studies")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    found = with_opening(verify(load_study(folder)))
    assert found.unrecorded
    assert found.opened is None
    assert "När utfallen öppnades kunde inte antecknas" in statement(found)


def test_a_note_that_was_lost_is_put_back_from_an_earlier_run(tmp_path: Path) -> None:
    folder, build = registered(tmp_path / "studies"), tmp_path / "build"
    build.mkdir()
    note_opened(build, plan_sha256(load_study(folder)), "0.1.0", NOW + 20 * DAY)
    found = with_opening(verify(load_study(folder)), build)
    assert found.opened is not None
    assert found.opened.opened_at == NOW + 20 * DAY
    assert (folder / OPENED).read_bytes() == (build / OPENED).read_bytes()


def test_the_environment_of_a_git_hook_does_not_mislead(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert [one.kind for one in History(folder).changes(LOCK)] == ["A"]
