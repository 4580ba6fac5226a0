"""UF2 and ESP32 files: read, judged and joined; what is built from them mounts."""

import json
import struct
import subprocess
import tarfile

import pytest
from cli_board import run
from flash_files import RP2350, micropython_bin, micropython_uf2

from cellwarden_host.flash import esp_image, uf2
from cellwarden_host.flash.plan import wanted
from cellwarden_host.problems import BadInput
from cellwarden_host.sim.process import find_micropython

PICO_FILES = (0x100A0000, 0x10200000)

# argv: image. Prints the files of a LittleFS image, one a line with its size.
_LISTER = """
import os, sys, vfs
cells = open(sys.argv[1], "rb").read()
class Disk:
    def readblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        buf[:] = cells[at:at + len(buf)]
    def writeblocks(self, block, buf, offset=0):
        raise OSError(30)
    def ioctl(self, op, arg):
        return {4: len(cells) // 4096, 5: 4096}.get(op, 0)
vfs.mount(vfs.VfsLfs2(Disk(), progsize=256), "/flash")
def tree(path):
    for entry in os.ilistdir(path):
        each = path + "/" + entry[0]
        if entry[1] == 0x4000:
            tree(each)
        else:
            print(each[6:], os.stat(each)[6])
tree("/flash")
"""


def listed(image, tmp_path):
    """Path -> size of the files in a LittleFS image, as MicroPython sees them."""
    file = tmp_path / "image"
    file.write_bytes(image)
    said = subprocess.run(
        [find_micropython(), "-X", "heapsize=16M", "-c", _LISTER, str(file)],
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stdout + said.stderr
    return {path: int(size) for path, size in map(str.split, said.stdout.splitlines())}


def memory(pages, start, end):
    image = bytearray(b"\xff" * (end - start))
    for address, page in pages.items():
        if start <= address < end:
            image[address - start : address - start + len(page)] = page
    return bytes(image)


def built(tmp_path, board, *options):
    code, out, err = run("build", "--board", board, "--out", str(tmp_path), "--json", *options)
    assert code == 0, err
    return [row["path"] for row in json.loads(out)]


def test_a_uf2_file_comes_back_as_it_was_written():
    pages = {0x10000000: b"a" * 256, 0x10001000: b"b" * 256}
    data = uf2.written(pages)
    assert uf2.read(data) == uf2.Uf2(uf2.RP2040, pages)
    numbers = [struct.unpack_from("<2I", data, at + 20) for at in range(0, len(data), 512)]
    assert numbers == [(0, 2), (1, 2)], "the loader counts them"


@pytest.mark.parametrize("data", [b"", b"\0" * 512, micropython_uf2()[:-1]])
def test_what_is_no_uf2_file_is_refused(data):
    with pytest.raises(BadInput, match="no UF2 file"):
        uf2.read(data)


def test_a_damaged_block_is_told_with_its_place():
    data = bytearray(micropython_uf2())
    data[512 * 3 + 511] ^= 1
    with pytest.raises(BadInput, match="byte 1536"):
        uf2.read(bytes(data))


def test_another_processor_is_named():
    with pytest.raises(BadInput, match="RP2350.*RP2040"):
        uf2.check_rp2040(uf2.read(micropython_uf2(family=RP2350)), "x.uf2")


def test_blank_sectors_are_left_out_and_used_ones_go_whole():
    image = b"\xff" * 4096 + b"x".ljust(4096, b"\xff")
    assert sorted(uf2.pages_of(image, 0x1000)) == list(range(0x2000, 0x3000, 256))


def test_files_that_claim_the_same_flash_are_not_joined():
    with pytest.raises(BadInput, match="overlap"):
        uf2.joined(({0x1000: b""}, {0x1100: b""}))


def test_the_file_partition_is_read_from_the_table():
    data = micropython_bin(vfs=(0x310000, 0xF0000))
    assert esp_image.file_system(data, "x") == (0x310000, 0xF0000)
    whole = esp_image.joined(data, b"files", "x")
    assert whole[: len(data)] == data and whole[0x310000 - 0x1000 :] == b"files"


def test_no_bin_or_another_chip_is_refused():
    with pytest.raises(BadInput, match="no MicroPython"):
        esp_image.check_esp32(b"\0" * 0x9000, "x")
    with pytest.raises(BadInput, match="another chip"):
        esp_image.check_esp32(micropython_bin(chip=9), "x")


def test_a_pico_s_file_system_holds_the_firmware_where_micropython_looks(tmp_path):
    folder, archive, files = built(tmp_path, "pico_24s")
    pages = uf2.read((tmp_path / files).read_bytes()).pages
    assert PICO_FILES[0] == min(pages) and max(pages) < PICO_FILES[1]
    sizes = {file.path: len(file.data) for file in wanted("pico_24s", False)}
    assert "/main.py" in sizes and "/loader/start.mpy" in sizes and "/a.fw" in sizes
    assert listed(memory(pages, *PICO_FILES), tmp_path) == sizes
    with tarfile.open(archive) as opened:
        assert {f"/{entry.name}": entry.size for entry in opened} == sizes
    assert (tmp_path / folder / "main.py").stat().st_size == sizes["/main.py"]


def test_one_file_for_a_new_pico_has_micropython_and_the_firmware(tmp_path):
    given = tmp_path / "given.uf2"
    given.write_bytes(micropython_uf2())
    code, _, err = run("build", "--board", "pico_24s", "--micropython", str(given))
    assert code == 1 and "--sha256" in err, "an unknown file wants its hash"
    digest = next(word for word in err.split() if len(word) == 64)
    *_, whole = built(
        tmp_path, "pico_24s", "--micropython", str(given), "--sha256", digest.upper()
    )
    pages = uf2.read((tmp_path / whole).read_bytes()).pages
    assert b"MicroPython v1.28.0" in memory(pages, 0x10000000, 0x10001000)
    assert "/main.py" in listed(memory(pages, *PICO_FILES), tmp_path)


def test_one_file_for_a_new_esp32_has_a_file_system_in_its_partition(tmp_path):
    given = tmp_path / "given.bin"
    given.write_bytes(micropython_bin())
    code, _, err = run("build", "--board", "esp32_24s", "--micropython", str(given))
    digest = next(word for word in err.split() if len(word) == 64)
    *_, whole = built(tmp_path, "esp32_24s", "--micropython", str(given), "--sha256", digest)
    image = (tmp_path / whole).read_bytes()[0x200000 - 0x1000 :]
    assert len(image) == 0x200000 and "/main.py" in listed(image, tmp_path)


def test_building_again_leaves_nothing_of_before(tmp_path):
    folder, *_ = built(tmp_path, "pico_24s")
    (tmp_path / "pico_24s" / "old.mpy").write_bytes(b"")
    before = (tmp_path / "pico_24s" / "main.py").read_bytes()
    built(tmp_path, "pico_24s")
    assert not (tmp_path / "pico_24s" / "old.mpy").exists()
    assert (tmp_path / "pico_24s" / "main.py").read_bytes() == before
