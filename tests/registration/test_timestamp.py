"""Is a time stamp of this very lock, and by whom? With an authority made for the test."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.registration.locked import registered, verified
from tests.registration.test_gate import faults, named
from utvardering.registration.timestamp import CERTIFICATES, STAMP, read_stamp
from utvardering.study.register import LOCK

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes and reads the stamps")

CONFIG = """
[test]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
certs = {folder}/root.pem
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
tsa_name = yes
"""


def openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a root certificate and a signer of time stamps."""
    folder = tmp_path_factory.mktemp("authority")
    new = ("-newkey", "rsa:2048", "-nodes")
    root = ("-keyout", folder / "root.key", "-out", folder / "root.pem", "-subj", "/CN=Provrot", "-days", 9)
    openssl("req", "-x509", *new, *root)
    openssl("req", *new, "-keyout", folder / "signer.key", "-out", folder / "signer.csr", "-subj", "/CN=Provklocka")
    (folder / "usage").write_text("extendedKeyUsage=critical,timeStamping\n", encoding="utf-8")
    signed = ("-CA", folder / "root.pem", "-CAkey", folder / "root.key", "-CAcreateserial", "-out", folder / "signer.pem")
    openssl("x509", "-req", "-in", folder / "signer.csr", *signed, "-days", 9, "-extfile", folder / "usage")
    (folder / "serial").write_text("01\n", encoding="utf-8")
    (folder / "config").write_text(CONFIG.format(folder=folder), encoding="utf-8")
    return folder


def stamp(authority: Path, file: Path, target: Path, digest: str = "-sha256") -> None:
    openssl("ts", "-query", "-data", file, digest, "-cert", "-out", authority / "query")
    made = ("-config", authority / "config", "-section", "test", "-out", target)
    openssl("ts", "-reply", "-queryfile", authority / "query", *made)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return registered(tmp_path / "studies")


@pytest.mark.parametrize("digest", ["-sha256", "-sha512"])
def test_a_stamp_of_the_lock_is_a_proof(folder: Path, authority: Path, digest: str) -> None:
    stamp(authority, folder / LOCK, folder / STAMP, digest)
    today = dt.datetime.now(dt.UTC).date().isoformat()
    one = verified(folder).proofs[0]
    assert (one.kind, one.date) == ("timestamp", today)
    assert "av /CN=Provklocka. Stämpeln gäller just det här låset, men signaturen kunde inte kontrolleras" in one.statement
    shutil.copy(authority / "root.pem", folder / CERTIFICATES)
    assert verified(folder).proofs[0].statement.endswith("Stämpeln gäller just det här låset och signaturen är kontrollerad.")


def test_line_ends_of_another_computer_do_not_matter(folder: Path, authority: Path) -> None:
    stamp(authority, folder / LOCK, folder / STAMP)
    (folder / LOCK).write_bytes((folder / LOCK).read_bytes().replace(b"\n", b"\r\n"))
    found = read_stamp(folder / LOCK)
    assert found is not None
    assert found.state == "intact"
    assert verified(folder).state == "registered"


def test_the_stamp_of_another_file_is_caught(folder: Path, authority: Path) -> None:
    stamp(authority, folder / "study.toml", folder / STAMP)
    fault = faults(folder)
    assert named(fault) == [STAMP]
    assert "is of another file: plan.lock was changed after it was stamped" in str(fault)


def test_what_is_no_stamp_is_caught(folder: Path) -> None:
    (folder / STAMP).write_bytes(b"klockan tolv")
    assert named(faults(folder)) == [STAMP]


def test_a_stamp_from_before_the_lock_is_caught(authority: Path, tmp_path: Path) -> None:
    late = registered(tmp_path / "late", dt.datetime.now(dt.UTC) + dt.timedelta(hours=20))
    stamp(authority, late / LOCK, late / STAMP)
    assert named(faults(late)) == [f"{LOCK}: registered_at"]


def test_without_openssl_it_is_said(folder: Path, authority: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stamp(authority, folder / LOCK, folder / STAMP)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = verified(folder)
    assert found.proofs == ()
    assert "Tidsstämpeln plan.lock.tsr kunde inte läsas: programmet openssl saknas." in found.doubts
