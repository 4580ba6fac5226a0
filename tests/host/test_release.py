"""Releases on a PC: built the same again, signed, verified, shown; keys kept from mishaps."""

import hashlib
import io
import json
import os
import subprocess
import sys

import pytest
from cli_board import run
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st

from board_update import checking, image
from cellwarden_host.problems import BadInput, Refused
from cellwarden_host.release import build, fields, keys, packing, reading, reasons
from cellwarden_host.release.packing import Fields

MPY = b"M\x06\x00\x1f"
FILES = {
    "board/__init__.mpy": MPY + b"pins",
    "cellwarden/ticks.mpy": MPY + bytes(range(200)) * 9,
    "firmware/start.mpy": MPY + b"start" * 400,
}
FIELDS = Fields("pico_24s", (1, 2), "1.2.3", 7, 6)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A private key without passphrase, and its public half."""
    path = tmp_path_factory.mktemp("keys") / "release.key"
    keys.generate(path, "")
    return path, path.with_suffix(".pub")


@pytest.fixture(scope="module")
def signer(pair):
    return keys.private(pair[0], pytest.fail)


@pytest.fixture(autouse=True)
def nobody_is_asked(monkeypatch):
    monkeypatch.delenv("CELLWARDEN_KEY_PASSPHRASE", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def small(monkeypatch):
    """The firmware of every board is three small files."""
    monkeypatch.setattr(build, "contents_of", lambda board, simulated=False: dict(FILES))


def packed(signer, files=FILES, fields=FIELDS):
    return packing.packed(files, fields, signer.key, signer.sign)


def terms(key, **changes):
    return image.Terms(changes.pop("board", "pico_24s"), 2, (key,), **changes)


def taken(data, terms):
    return checking.check(io.BytesIO(data), terms)


# The files of a real board


def test_a_board_s_firmware_is_built_the_same_again_and_fits_the_board(signer):
    data = build.release("pico_24s", signer)
    assert data == build.release("pico_24s", signer)
    armv6m = 4 << 10 | 3 << 8 | 6
    header = taken(data, image.Terms("pico_24s", 1, (signer.key,), mpy=armv6m))
    release = reading.release_of(data)
    contents = build.contents_of("pico_24s")
    assert {entry.path: entry.size for entry in release.entries} == {
        path: len(content) for path, content in contents.items()
    }
    unpacked = reading.contents(data, header)
    assert unpacked.pop("manifest") == data[: header.manifest_bytes]
    assert unpacked == contents
    assert len(data) < 0.75 * header.content_bytes
    assert build.matches_sources(release)


def test_what_is_compiled_does_not_hang_on_the_order_of_sets():
    # Python orders sets of strings anew in each process; what is cached would hide that
    script = """
import hashlib
from cellwarden_host.program import Program
from cellwarden_host.sim.image import fixed_sources
texts = {path: file.read_text() for path, file in fixed_sources("pico_24s").items()}
print(hashlib.sha256(repr(sorted(Program(texts).texts.items())).encode()).hexdigest())
"""
    path = os.pathsep.join(filter(None, sys.path))
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1


# What is written, the board reads


def test_the_board_takes_what_was_packed(signer):
    header = taken(packed(signer), terms(signer.key))
    assert fields_shown(header) == FIELDS


def fields_shown(header):
    return packing.fields_of(header)


_NAMES = st.text("abcz019_", min_size=1, max_size=12)
_PATHS = st.lists(_NAMES, min_size=2, max_size=4).map(lambda parts: "/".join(parts) + ".mpy")
_CONTENTS = st.binary(max_size=3000) | st.builds(
    lambda piece, times: piece * times, st.binary(max_size=9), st.integers(0, 3000)
)


@settings(max_examples=40)
@given(files=st.dictionaries(_PATHS, _CONTENTS, max_size=6))
def test_any_files_come_back_as_they_were(files):
    signer = keys.development()
    data = packed(signer, files)
    assert data == packed(signer, dict(reversed(files.items())))
    header = taken(data, terms(signer.key))
    unpacked = reading.contents(data, header)
    assert unpacked.pop("manifest") == data[: header.manifest_bytes]
    assert unpacked == files
    assert [entry.path for entry in reading.release_of(data).entries] == sorted(files)


def test_signing_again_changes_header_and_signature_only(signer):
    development = keys.development()
    first = packed(development)
    again = packing.signed_again(first, signer.key, signer.sign)
    assert again[image.TABLE_AT :] == first[image.TABLE_AT :]
    assert again == packed(signer)
    assert taken(again, terms(signer.key)).development is False
    with pytest.raises(image.Bad) as refused:
        taken(first, terms(signer.key))
    assert refused.value.reason == "development key"
    assert taken(first, terms(keys.development_key())).development is True


def test_openssl_agrees_with_the_board(pair, signer):
    data = packed(signer)
    public = serialization.load_pem_public_key(pair[1].read_bytes())
    public.verify(
        data[image.HEADER_BYTES : image.TABLE_AT],
        data[: image.HEADER_BYTES],
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


def test_a_slot_filled_over_the_repl_has_a_manifest_that_nobody_signed():
    made = fields.manifest("pico_24s", FILES, version="1.2.3")
    header = image.Header(made)
    assert header.manifest_bytes == len(made)
    assert header.key_id == bytes(8)
    check = checking.SlotCheck(io.BytesIO(made), None, lambda path: io.BytesIO(FILES[path]))
    while check.step():
        pass
    assert check.good
    with pytest.raises(image.Bad, match="signature"):
        checking.admitted(made, image.Terms("pico_24s", 1, (keys.development_key(),)))


def test_files_for_two_micropythons_do_not_go_together():
    assert fields.mpy_of({"a": b"M\x06\x00", "b": b"M\x06\x13"}) == 0x1306
    for other in (b"M\x05\x00", b"M\x06\x2b", b"print()", b""):
        with pytest.raises(Refused, match="not all compiled"):
            fields.mpy_of({"a": b"M\x06\x00", "b": b"M\x06\x13", "c": other})


@pytest.mark.parametrize("path", ["boot.py", "/boot.mpy", "a/../b.mpy", "a/B.mpy", "a/ä.mpy"])
def test_a_file_that_no_board_would_take_is_not_packed(path):
    with pytest.raises(Refused, match="cannot hold"):
        packed(keys.development(), {path: MPY})


def test_a_name_or_version_that_does_not_fit_is_refused():
    development = keys.development()
    with pytest.raises(Refused, match="24 letters"):
        packed(development, fields=Fields("a" * 25, (1, 1), "1.2.3", 7, 6))
    with pytest.raises(BadInput, match="three numbers"):
        build.release("pico_24s", files=FILES, version="1.2.3-rc1")


# Damage, told in words


def test_damage_is_told_in_words(signer, tmp_path):
    good = packed(signer)
    path = tmp_path / "x.cwfw"
    for data, words in (
        (good[:-1], "not complete"),
        (good + b"\0", "larger than it says"),
        (good[:50] + b"\xff" + good[51:], "damaged"),
        (good[:500] + b"\xff" + good[501:], "damaged"),
        (good[:-9] + bytes([good[-9] ^ 1]) + good[-8:], "damaged"),
        (b"PK\3\4" + bytes(5000), "no firmware image"),
        (b"", "not complete"),
    ):
        path.write_bytes(data)
        with pytest.raises(Refused, match=words) as refused:
            reading.opened(path)
        assert str(path) in str(refused.value)


def test_every_reason_of_the_board_has_a_sentence():
    documented = (image.Bad.__doc__ or "").partition("\n\n")[2].partition(". ``detail``")[0]
    told = {reason.strip() for reason in documented.replace("\n", " ").split(",")}
    assert told == set(reasons._SENTENCES)
    assert str(reasons.told(image.Bad("board", "for sim"))).endswith("(for sim)")
    assert "novelty" in reasons.told(image.Bad("novelty"))


# The command


def test_the_command_builds_signs_verifies_and_shows(small, pair, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    private, public = map(str, pair)
    code, out, err = run("release", "build", "--board", "pico_24s")
    assert (code, err) == (0, "")
    assert "everybody's" in out
    image_file = next(tmp_path.iterdir())
    assert image_file.name.startswith("pico_24s-") and image_file.suffix == ".cwfw"
    name = image_file.name

    assert run("release", "verify", name)[0] == 0
    code, _, err = run("release", "verify", name, "--key", public)
    assert code == 1 and "development key" in err

    assert run("release", "sign", name, "--key", private)[0] == 0
    code, out, _ = run("release", "verify", name, "--key", public, "--board", "pico_24s")
    assert code == 0 and "good: pico_24s" in out
    code, _, err = run("release", "verify", name)
    assert code == 1 and "not signed with a key that is trusted" in err
    code, _, err = run("release", "verify", name, "--key", public, "--board", "pico_w_24s")
    assert code == 1 and "another board" in err
    code, out, _ = run("release", "verify", name, "--key", public, "--sources", "--json")
    assert code == 0 and json.loads(out)["good"] is True

    code, out, _ = run("release", "show", name, "--files", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["board"] == "pico_24s" and told["development"] is False
    assert told["image_sha256"] == hashlib.sha256(image_file.read_bytes()).hexdigest()
    assert {row["path"]: row["sha256"] for row in told["files"]} == {
        path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()
    }
    code, out, _ = run("release", "show", name)
    assert code == 0 and "pico_24s" in out
    rows = {line[:18].strip(): line[18:].split() for line in out.splitlines()}
    assert rows["schema version"][-1] == str(told["schema_version"]) == "1"
    assert rows["development"][-1] == "no"


def test_the_command_makes_the_same_file_again(small, pair, tmp_path):
    outs = [tmp_path / "1", tmp_path / "2"]
    for out in outs:
        asked = ("--board", "sim", "--key", str(pair[0]), "--hardware", "1-3", "--out", str(out))
        assert run("release", "build", *asked)[0] == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    header = image.Header(outs[0].read_bytes())
    assert (header.hardware_min, header.hardware_max) == (1, 3)


def test_sources_that_changed_are_noticed(small, tmp_path, monkeypatch):
    out = str(tmp_path / "x.cwfw")
    assert run("release", "build", "--board", "sim", "--out", out)[0] == 0
    changed = {**FILES, "board/__init__.mpy": MPY + b"other pins"}
    monkeypatch.setattr(build, "contents_of", lambda board, simulated=False: changed)
    code, _, err = run("release", "verify", out, "--sources")
    assert code == 1 and "not what the sources here make" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("build", "--board", "nonesuch"), "no board"),
        (("build", "--board", "sim", "--hardware", "3-1"), "--hardware"),
        (("build", "--board", "sim", "--hardware", "x"), "--hardware"),
        (("build", "--board", "sim", "--key", "nowhere"), "cannot read nowhere"),
        (("sign", "nowhere", "--key", "nowhere"), "cannot read nowhere"),
        (("show", "nowhere"), "cannot read nowhere"),
        (("verify", "nowhere"), "cannot read nowhere"),
    ],
)
def test_mistakes_on_the_command_line_are_told(small, words, said):
    code, out, err = run("release", *words)
    assert code == 2
    assert said in err and out == ""


def test_nothing_is_left_of_a_file_that_cannot_be_written(small, tmp_path):
    out = tmp_path / "taken"
    out.mkdir()
    code, _, err = run("release", "build", "--board", "sim", "--out", str(out))
    assert code == 1 and "cannot write" in err
    assert list(tmp_path.iterdir()) == [out]
