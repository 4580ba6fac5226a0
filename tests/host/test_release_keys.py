"""Keys of releases: made safely, read with care, never mistaken for one another."""

import io
import os
import stat
import sys

import pytest
from cli_board import run
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from board_update import signature
from cellwarden_host.problems import BadInput, Refused
from cellwarden_host.release import keys


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch):
    monkeypatch.delenv("CELLWARDEN_KEY_PASSPHRASE", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def test_the_development_key_is_one_and_marked():
    signer = keys.development()
    assert signer.key.development
    assert keys.record(signer.key) == keys.development_record()
    assert keys.development_key().id == signer.key.id
    text = keys._data(keys._DEVELOPMENT_PRIVATE)
    assert text.startswith(b"THE DEVELOPMENT KEY - EVERYBODY HAS IT")


def test_a_copy_of_the_development_key_is_still_everybody_s(tmp_path):
    copy = tmp_path / "mine.key"
    copy.write_bytes(keys._data(keys._DEVELOPMENT_PRIVATE).partition(b"\n\n")[2])
    assert keys.private(copy, pytest.fail).key.development
    assert keys.public(copy).development


def test_a_new_key_is_its_owner_s_alone(tmp_path):
    private = tmp_path / "release.key"
    made, public = keys.generate(private, "")
    assert public == tmp_path / "release.pub"
    assert made.id == keys.public(public).id
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert b"PRIVATE" not in public.read_bytes()
    key = keys.public(public)
    assert not key.development
    assert key.id == keys.public(private).id == keys.private(private, pytest.fail).key.id
    assert signature.key(keys.record(key)).modulus == key.modulus


def test_a_passphrase_protects_and_is_asked_for(tmp_path):
    path = tmp_path / "p.key"
    keys.generate(path, "open sesame")
    assert b"ENCRYPTED" in path.read_bytes()
    asked = []
    signer = keys.private(path, lambda path: asked.append(path) or "open sesame")
    assert asked == [path]
    assert signer.key.id == keys.public(path.with_suffix(".pub")).id
    with pytest.raises(Refused, match="passphrase is wrong"):
        keys.private(path, lambda path: "open barley")
    with pytest.raises(BadInput, match="passphrase"):
        keys.public(path)


def test_a_key_is_never_replaced(tmp_path):
    path = tmp_path / "x.key"
    for taken_name in ("x.key", "x.pub"):
        (tmp_path / taken_name).write_bytes(b"mine")
        with pytest.raises(Refused, match="never replaced"):
            keys.generate(path, "")
        assert [each.name for each in tmp_path.iterdir()] == [taken_name]
        assert (tmp_path / taken_name).read_bytes() == b"mine"
        (tmp_path / taken_name).unlink()
    with pytest.raises(Refused, match="cannot write"):
        keys.generate(tmp_path / "nowhere" / "x.key", "")
    with pytest.raises(BadInput, match="public half"):
        keys.generate(tmp_path / "x.pub", "")


def pem_of(private):
    return private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_other_keys_are_refused(tmp_path):
    path = tmp_path / "k.pem"
    for data in (
        pem_of(ec.generate_private_key(ec.SECP256R1())),
        pem_of(rsa.generate_private_key(65537, 1024)),
        pem_of(rsa.generate_private_key(3, 2048)),
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        b"hello",
    ):
        path.write_bytes(data)
        with pytest.raises(BadInput):
            keys.private(path, pytest.fail)
        with pytest.raises(BadInput):
            keys.public(path)
    with pytest.raises(BadInput, match="cannot read"):
        keys.public(tmp_path / "none")


def test_a_disk_that_is_full_leaves_no_half_key(tmp_path, monkeypatch):
    def full(handle, mode):
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.os, "fdopen", full)
    with pytest.raises(Refused, match="No space left"):
        keys.generate(tmp_path / "x.key", "")
    assert list(tmp_path.iterdir()) == []


def test_the_command_makes_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("release", "keygen")
    assert code == 2 and "CELLWARDEN_KEY_PASSPHRASE" in err and not list(tmp_path.iterdir())
    monkeypatch.setenv("CELLWARDEN_KEY_PASSPHRASE", "open sesame")
    code, out, _ = run("release", "keygen")
    assert code == 0 and "--production release.pub" in out
    code, _, err = run("release", "keygen", "--no-passphrase")
    assert code == 1 and "never replaced" in err
