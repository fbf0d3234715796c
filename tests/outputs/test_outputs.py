"""Is a folder put in place whole or not at all, and is a table what any program reads?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pandas as pd
import pytest

from utvardering.outputs import tree_hashes, whole_folder, write_table


def _seen(folder):
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    target = tmp_path / "build" / "studie"
    for text in ("ett", "två"):
        with whole_folder(target) as new:
            (new / "fil.txt").write_text(text, encoding="utf-8")
    assert (target / "fil.txt").read_text(encoding="utf-8") == "två"
    assert _seen(target.parent) == ["studie"]


def test_a_fault_leaves_the_old_folder(tmp_path):
    target = tmp_path / "studie"
    with whole_folder(target) as new:
        (new / "fil.txt").write_text("ett", encoding="utf-8")
    before = tree_hashes(target)
    with pytest.raises(FileNotFoundError), whole_folder(target) as new:
        (new / "saknas" / "fil.txt").write_text("halv", encoding="utf-8")
    assert tree_hashes(target) == before
    assert _seen(tmp_path) == ["studie"]


def test_a_killed_run_leaves_the_old_folder_and_the_next_one_cleans_up(tmp_path):
    target = tmp_path / "studie"
    with whole_folder(target) as new:
        (new / "fil.txt").write_text("ett", encoding="utf-8")
    program = f"""
        import pathlib, time
        from utvardering.outputs import whole_folder
        with whole_folder(pathlib.Path({str(target)!r})) as new:
            (new / "fil.txt").write_text("halv")
            print("writing", flush=True)
            time.sleep(60)
    """
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "writing\n"
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    run.stdout.close()
    time.sleep(0.1)
    assert (target / "fil.txt").read_text(encoding="utf-8") == "ett"
    with whole_folder(target) as new:
        (new / "fil.txt").write_text("två", encoding="utf-8")
    assert _seen(tmp_path) == ["studie"]


def test_two_programs_on_the_same_folder_take_turns(tmp_path):
    """Each copies what is there and adds a file: without turns one would lose the other's, or find its folder gone."""
    target = tmp_path / "studie"
    program = f"""
        import pathlib, shutil, sys, time
        from utvardering.outputs import whole_folder
        target = pathlib.Path({str(target)!r})
        for number in range(20):
            with whole_folder(target) as new:
                if target.exists():
                    shutil.copytree(target, new, dirs_exist_ok=True)
                time.sleep(0.005)
                (new / f"{{sys.argv[1]}}-{{number}}").touch()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    runs = [subprocess.Popen([*command, name]) for name in ("ett", "två")]
    assert [run.wait() for run in runs] == [0, 0]
    assert len(list(target.iterdir())) == 40


def test_a_program_killed_between_the_two_renames_loses_nothing(tmp_path):
    (tmp_path / ".studie.old").mkdir()
    (tmp_path / ".studie.old" / "fil.txt").write_text("ett", encoding="utf-8")
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "studie") as new:
        (new / "saknas" / "fil.txt").write_text("halv", encoding="utf-8")
    assert (tmp_path / "studie" / "fil.txt").read_text(encoding="utf-8") == "ett"


def test_a_table_is_plain_csv(tmp_path):
    frame = pd.DataFrame({"område": ["Å"], "ja": [True], "tal": [0.1 + 0.2], "öppen": [float("inf")], "tom": [float("nan")]})
    write_table(frame, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes().decode() == "område,ja,tal,öppen,tom\nÅ,true,0.30000000000000004,inf,\n"
