"""What `cellwarden flash` finds and refuses: ports, drives, files, boards that do not fit."""

import contextlib
import errno
import hashlib
import os
import pty
import tty
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial
from cli_board import run
from flash_files import RP2350, micropython_bin, micropython_uf2

from cellwarden_host import board_check, board_folders
from cellwarden_host.flash import find, interpreter, plan, remote, session
from cellwarden_host.flash.on_board import About, BoardFiles
from cellwarden_host.problems import BadInput, NoConnection, Problem, Refused
from cellwarden_host.release import keys
from cellwarden_host.sim.image import slot_files

NOWHERE = Path("/no/ready/file")
PICO = SimpleNamespace(device="/dev/ttyACM0", vid=0x2E8A, pid=0x0005)
CH340 = SimpleNamespace(device="/dev/ttyUSB0", vid=0x1A86, pid=0x7523)
CP210X = SimpleNamespace(device="/dev/ttyUSB1", vid=0x10C4, pid=0xEA60)


def folder(name):
    return board_check.opened(board_folders.root() / name)


@pytest.fixture
def plugged(monkeypatch):
    """``plugged(ports, drives)``: what is connected."""

    def plug(ports=(), drives=()):
        monkeypatch.setattr(find.list_ports, "comports", lambda: list(ports))
        monkeypatch.setattr(find, "_drives", lambda: list(drives))

    plug()
    return plug


def drive(tmp_path, name="RPI-RP2"):
    place = tmp_path / name
    place.mkdir()
    (place / find.INFO).write_text(f"UF2 Bootloader v3.0\nModel: x\nBoard-ID: {name}\n")
    return place


# --- where the board is


def test_a_pico_is_known_by_its_usb_numbers(plugged):
    plugged([CH340, PICO])
    assert find.find("pico_24s", "rp2040", None, NOWHERE).port == "/dev/ttyACM0"


def test_of_several_ports_none_is_guessed(plugged):
    plugged([CH340, CP210X])
    with pytest.raises(BadInput, match="/dev/ttyUSB0, /dev/ttyUSB1"):
        find.find("esp32_24s", "esp32", None, NOWHERE)


def test_a_new_pico_is_known_by_its_drive(plugged, tmp_path):
    place = drive(tmp_path)
    plugged(drives=[tmp_path, place])
    assert find.find("pico_24s", "rp2040", None, NOWHERE).drive == place
    assert find.describes(place) == "RPI-RP2"


def test_no_board_says_what_to_do(plugged):
    code, _, err = run("flash", "--board", "pico_24s", "--ready-file", str(NOWHERE))
    assert code == 3 and "BOOTSEL" in err
    code, _, err = run("flash", "--board", "sim", "--ready-file", str(NOWHERE))
    assert code == 3 and "cellwarden sim" in err
    assert run("flash", "--board", "nothing")[0] == 2


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "dialout"), (errno.EBUSY, "in use"), (errno.ENOENT, "there is no port")],
)
def test_a_port_that_cannot_be_opened_says_why(monkeypatch, number, words):
    def refuse(*_args, **_options):
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial, "Serial", refuse)
    code, _, err = run("flash", "--board", "pico_24s", "--port", "/dev/x", "--yes")
    assert code == 3 and words in err


def test_a_port_on_which_nothing_answers_is_told(monkeypatch):
    from mpremote.transport_serial import SerialTransport

    enter = SerialTransport.enter_raw_repl
    monkeypatch.setattr(
        SerialTransport,
        "enter_raw_repl",
        lambda self, soft_reset: enter(self, soft_reset, timeout_overall=0),
    )
    monkeypatch.setattr("cellwarden_host.flash.remote._READ_S", 0.01)
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        words = ("flash", "--board", "pico_24s", "--port", os.ttyname(slave), "--yes")
        code, out, err = run(*words)
    finally:
        os.close(master)
        os.close(slave)
    assert code == 3 and "no MicroPython answers" in err and "could not enter" not in out


def test_nobody_to_ask_means_nothing_is_stopped(plugged):
    plugged([PICO])
    code, out, err = run("flash", "--board", "pico_24s", "--ready-file", str(NOWHERE))
    assert code == 2 and "--yes" in err and "60 V" in out


# --- which MicroPython


def given(tmp_path, data, name="given.uf2"):
    file = tmp_path / name
    file.write_bytes(data)
    return file, hashlib.sha256(data).hexdigest()


def test_a_file_is_taken_with_its_hash_only(tmp_path):
    file, digest = given(tmp_path, micropython_uf2())
    with pytest.raises(Refused, match=digest):
        interpreter.obtain("pico", "rp2040", file, None)
    with pytest.raises(Refused, match="not the one given"):
        interpreter.obtain("pico", "rp2040", file, "0" * 64)
    assert interpreter.obtain("pico", "rp2040", file, digest).version == (1, 28, 0)


@pytest.mark.parametrize(
    ("data", "family", "words"),
    [
        (micropython_uf2("1.23.0"), "rp2040", "1.24 is the oldest"),
        (micropython_uf2(family=RP2350), "rp2040", "RP2350"),
        (micropython_bin(), "rp2040", "no UF2"),
        (micropython_uf2(), "esp32", "no MicroPython .bin"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, data, family, words):
    file, digest = given(tmp_path, data)
    with pytest.raises(Problem, match=words):
        interpreter.obtain("pico", family, file, digest)


def test_a_build_without_a_known_hash_is_never_fetched(monkeypatch):
    monkeypatch.setattr(interpreter.urllib.request, "urlopen", lambda *_: 1 / 0)
    with pytest.raises(BadInput, match="--micropython FILE --sha256"):
        interpreter.obtain("pico", "rp2040", None, None)


def test_a_known_build_is_fetched_once_and_checked(monkeypatch, tmp_path):
    data = micropython_uf2()
    source, digest = given(tmp_path, data)
    monkeypatch.setattr(interpreter, "BUILD", tmp_path)
    build = interpreter.Build("RPI_PICO", "a.uf2", digest)
    monkeypatch.setitem(interpreter.BUILDS, "pico", build)
    monkeypatch.setattr(interpreter.urllib.request, "urlopen", lambda *_, **__: source.open("rb"))
    assert interpreter.obtain("pico", "rp2040", None, None).data == data
    monkeypatch.setattr(interpreter.urllib.request, "urlopen", lambda *_, **__: 1 / 0)
    assert interpreter.obtain("pico", "rp2040", None, None).data == data
    (tmp_path / "micropython" / "a.uf2").unlink()
    other, _ = given(tmp_path, b"something else", "other")
    monkeypatch.setattr(interpreter.urllib.request, "urlopen", lambda *_, **__: other.open("rb"))
    with pytest.raises(Refused, match="differs"):
        interpreter.obtain("pico", "rp2040", None, None)


def test_without_a_network_the_file_is_asked_for(monkeypatch, tmp_path):
    def offline(*_args, **_options):
        raise OSError("no route")

    monkeypatch.setattr(interpreter, "BUILD", tmp_path)
    monkeypatch.setattr(interpreter.urllib.request, "urlopen", offline)
    with pytest.raises(NoConnection, match="--micropython FILE"):
        interpreter.obtain("pico_w", "rp2040", None, None)


def test_micropython_is_copied_to_the_drive_and_the_new_port_awaited(
    plugged, tmp_path, monkeypatch
):
    other = SimpleNamespace(device="/dev/ttyACM7", vid=0x2E8A, pid=0x0005)
    place = drive(tmp_path)
    file, digest = given(tmp_path, micropython_uf2())
    copied = place / "given.uf2"
    monkeypatch.setattr(
        find.list_ports, "comports", lambda: [other, PICO] if copied.exists() else [other]
    )
    image = interpreter.obtain("pico", "rp2040", file, digest)
    said = []
    assert session.on_drive(place, folder("pico_24s"), image, said.append) == "/dev/ttyACM0"
    assert copied.read_bytes() == image.data and "1.28.0" in said[0]
    with pytest.raises(Refused, match="not an RP2040"):
        session.on_drive(drive(tmp_path, "RP2350"), folder("pico_24s"), image, said.append)


@pytest.mark.parametrize(("version", "moves"), [((1, 23, 0), True), ((1, 28, 0), False)])
def test_a_running_pico_is_sent_to_its_loader_for_another_micropython(
    plugged, tmp_path, monkeypatch, version, moves
):
    file, digest = given(tmp_path, micropython_uf2())
    image = interpreter.obtain("pico", "rp2040", file, digest)
    drives = []
    files = FakeFiles(version=version)
    files.bootloader = lambda: drives.append(drive(tmp_path))
    monkeypatch.setattr(session.remote, "opened", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr(session, "BoardFiles", lambda _: files)
    monkeypatch.setattr(find, "_drives", lambda: drives)
    here = lambda: [PICO] if drives and (drives[0] / file.name).exists() else []  # noqa: E731
    monkeypatch.setattr(find.list_ports, "comports", here)
    words = ("/dev/x", "mpremote", folder("pico_24s"), image, lambda: 1 / 0, lambda _: None)
    assert session.with_micropython(*words) == ("/dev/ttyACM0" if moves else "")
    assert bool(drives) == moves


def test_a_silent_esp32_gets_micropython_by_esptool(monkeypatch, tmp_path):
    file, digest = given(tmp_path, micropython_bin())
    image = interpreter.obtain("esp32_wroom", "esp32", file, digest)
    written = []

    def silent(*_):
        raise remote.NoAnswer("nothing")

    monkeypatch.setattr(session.remote, "opened", silent)
    monkeypatch.setattr(interpreter, "by_esptool", lambda *words: written.append(words))
    rest = (None, lambda: image, lambda _: None)
    port = "/dev/ttyUSB0"
    assert session.with_micropython(port, "mpremote", folder("esp32_24s"), *rest) == port
    assert written == [(port, image)]
    with pytest.raises(NoConnection):
        session.with_micropython(port, "mpremote", folder("pico_24s"), *rest)


def test_without_esptool_it_is_asked_for(monkeypatch, tmp_path):
    file, digest = given(tmp_path, micropython_bin())
    image = interpreter.obtain("esp32_wroom", "esp32", file, digest)
    monkeypatch.setattr(interpreter, "find_spec", lambda _: None)
    with pytest.raises(Refused, match="pip install 'esptool>=5"):
        interpreter.by_esptool("/dev/x", image)


@pytest.mark.parametrize("command", ["flash", "build"])
def test_each_command_explains_itself_with_examples(command):
    code, out, _ = run(command, "--help")
    assert code == 0 and f"cellwarden {command}" in out.split("examples:")[1]


def test_esptool_writes_the_program_and_erases_nothing_else():
    command = interpreter.esptool_command("/dev/x", Path("a.bin"))
    assert command[-3:] == ["write-flash", "0x1000", "a.bin"]
    assert not any("erase" in word for word in command)


# --- a board that does not fit


class FakeFiles(BoardFiles):
    """A board that tells what the test says."""

    def __init__(self, **about):
        fits = {"platform": "rp2", "version": (1, 28, 0), "machine": "m", "board": ""}
        fits |= {"firmware": "", "block": 4096, "free": 1_000_000}
        self._about = About(**{**fits, **about})

    def about(self):
        return self._about

    def hashes(self, roots):
        return {}


@pytest.mark.parametrize(
    ("board", "about", "words"),
    [
        ("esp32_24s", {"platform": "rp2"}, "has an RP2040, esp32_24s is for an ESP32"),
        ("pico_24s", {"platform": "esp32"}, "has an ESP32, pico_24s is for an RP2040"),
        ("pico_24s", {"version": (1, 23, 0)}, "1.24 is the oldest"),
        ("pico_24s", {"free": 40_000}, "the board is full: 39 kB"),
        ("sim", {"platform": "rp2"}, "only simulated"),
    ],
)
def test_a_board_that_does_not_fit_is_refused_before_anything_is_written(board, about, words):
    with pytest.raises(Refused, match=words):
        session.look(FakeFiles(**about), folder(board))


def test_each_family_gets_files_for_its_processor():
    def viper(board):
        return slot_files(board)["cellwarden/loops_viper.mpy"].read_bytes()

    def architecture(data):
        return data[2] >> 2

    assert architecture(viper("pico_24s")) == 4, "armv6m"
    assert architecture(viper("esp32_24s")) == 10, "xtensawin"


@pytest.mark.parametrize(
    ("pack_mv", "words"), [(None, "not known"), (60_001, "60.0 V: dangerous"), (60_000, "")]
)
def test_a_pack_above_60_v_or_unknown_is_warned_of(pack_mv, words):
    said = session.warning(pack_mv)
    assert words in said and bool(said) == bool(words)


def test_files_that_only_wait_are_not_sent_again():
    one = plan.File.of("/main.py", b"a")
    two = plan.File.of("/firmware/start.mpy", b"b")
    held = {two.staged: two.sha256, "/firmware/old.mpy": "x", f"{plan.STAGING}/part": "y"}
    made = plan.make((one, two), held)
    assert made.send == (one,) and made.waiting == (two,)
    assert [file.path for file in made.place] == ["/firmware/start.mpy", "/main.py"]
    assert made.remove == (f"{plan.STAGING}/part", "/firmware/old.mpy")


# --- whose updates it takes


def test_a_board_keeps_its_own_keys_unless_told_otherwise():
    main, given = plan.File.of("/main.py", b"a"), plan.File.of(plan.KEYS, b"given")
    for held, keep, keeps, sends in (
        ({}, True, False, [plan.KEYS, "/main.py"]),
        ({plan.KEYS: "its own"}, True, True, ["/main.py"]),
        ({plan.KEYS: "its own"}, False, False, [plan.KEYS, "/main.py"]),
        ({plan.KEYS: given.sha256}, True, False, ["/main.py"]),
    ):
        made = plan.make((given, main), held, keep_keys=keep)
        assert made.keeps_keys is keeps
        assert [file.path for file in made.send] == sends
        assert plan.KEYS not in made.remove


class Kept(FakeFiles):
    """A board that holds keys of its own."""

    def hashes(self, roots):
        assert "/loader" in roots
        return {plan.KEYS: "its own"}


def test_keys_are_changed_only_when_somebody_says_which():
    assert session.look(Kept(), folder("pico_24s")).plan.keeps_keys
    made = session.look(Kept(), folder("pico_24s"), b"other keys").plan
    assert not made.keeps_keys
    assert next(file for file in made.send if file.path == plan.KEYS).data == b"other keys"


def test_a_firmware_for_production_trusts_the_given_keys_only(tmp_path):
    made = [keys.generate(tmp_path / name, "") for name in ("1.key", "2.key")]
    asked = [word for _, path in made for word in ("--production", str(path))]
    out = tmp_path / "out"
    code, _, err = run("build", "--board", "pico_24s", "--out", str(out), *asked)
    assert code == 0, err
    held = (out / "pico_24s" / "loader" / "keys").read_bytes()
    assert held == b"".join(keys.record(key) for key, _ in made)
    assert run("build", "--board", "pico_24s", "--development", *asked)[0] == 2


def test_the_development_key_is_none_for_production(tmp_path):
    copy = tmp_path / "mine.key"
    copy.write_bytes(keys._data(keys._DEVELOPMENT_PRIVATE))
    code, _, err = run("build", "--board", "pico_24s", "--production", str(copy))
    assert code == 2 and "everybody has it" in err
