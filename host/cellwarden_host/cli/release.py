"""``release``: firmware images built, signed, verified and looked into; keys made."""

from __future__ import annotations

import argparse
import getpass
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from board_update import image
from board_update.signature import Key

from .. import board_check, board_folders, show
from ..problems import BadInput, Refused
from ..release import build as building
from ..release import keys, packing, reading
from ..release.reading import Release
from . import options

PASSPHRASE = "CELLWARDEN_KEY_PASSPHRASE"
_TEXT = "Build, sign, verify and show firmware images, and make the keys they are signed with."
_EXAMPLES = """\
  cellwarden release keygen                           once: release.key (keep it) and release.pub
  cellwarden flash --board pico_24s --production release.pub      once a board, over USB
  cellwarden release build --board pico_24s --key release.key     pico_24s-1.2.3.cwfw
  cellwarden release verify pico_24s-1.2.3.cwfw --key release.pub
  cellwarden update pico_24s-1.2.3.cwfw --port /dev/ttyUSB0

to try it on the simulated board, without a key of your own:
  cellwarden release build --board sim"""


def add(commands: options.Commands) -> None:
    release = commands.add_parser(
        "release",
        help=_TEXT,
        description=_TEXT + "\n\nAn image is one file (.cwfw) with the firmware of one board. "
        "Boards take it only if it is\nwhole, for them, and signed with a key that they trust.",
        epilog=f"examples:\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = release.add_subparsers(dest="part", metavar="WHAT", required=True)
    _add_build(parts)
    _add_keygen(parts)
    _add_sign(parts)
    _add_verify(parts)
    _add_show(parts)


def _add_build(parts: options.Commands) -> None:
    build = options.command(
        parts,
        "build",
        _build,
        "Compile a board's firmware into one signed image.\n\n"
        "The same sources and key make the same file, byte for byte. Without --key it is signed\n"
        "with the development key, which everybody has: boards flashed with --production refuse\n"
        "that. The version is that of firmware/version.py.",
        "  cellwarden release build --board pico_24s --key release.key\n"
        "  cellwarden release build --board sim --out trial.cwfw",
        (options.as_json(),),
    )
    build.add_argument(
        "--board", required=True, metavar="NAME", help="cellwarden boards lists them"
    )
    _key(build, "private key to sign with (default: the development key)")
    build.add_argument(
        "--hardware",
        metavar="N[-M]",
        help="hardware revisions that may take it (default: the one in the board's definition)",
    )
    build.add_argument("--out", type=Path, metavar="F", help="default: NAME-VERSION.cwfw")


def _add_keygen(parts: options.Commands) -> None:
    keygen = options.command(
        parts,
        "keygen",
        _keygen,
        "Make a key pair: a private key that signs, a public key that boards are given.\n\n"
        "RSA, 2048 bits. The private key's file can be read by you only; who has it can put any\n"
        "firmware on your boards, and without it there will never be an update for them: keep\n"
        "a copy in a safe place. Existing files are never replaced.",
        "  cellwarden release keygen\n  cellwarden release keygen --out ~/keys/pack.key",
        (options.as_json(),),
    )
    keygen.add_argument(
        "--out",
        type=Path,
        default=Path("release.key"),
        metavar="F",
        help="the private key; the public one ends in .pub (default: %(default)s)",
    )
    keygen.add_argument(
        "--no-passphrase",
        action="store_true",
        help=f"do not protect the private key (else {PASSPHRASE}, or asked for on a terminal)",
    )


def _add_sign(parts: options.Commands) -> None:
    sign = options.command(
        parts,
        "sign",
        _sign,
        "Sign an image with another key, in place of whoever signed it before.\n\n"
        "So a machine that builds needs no key: build there, look at the image, and sign it\n"
        "where the key is. Nothing but header and signature changes.",
        "  cellwarden release sign pico_24s-1.2.3.cwfw --key release.key",
        (options.as_json(),),
    )
    _file(sign)
    _key(sign, "private key to sign with", required=True)
    sign.add_argument("--out", type=Path, metavar="F", help="default: FILE itself, replaced")


def _add_verify(parts: options.Commands) -> None:
    verify = options.command(
        parts,
        "verify",
        _verify,
        "Say whether an image is whole and who signed it, as a board would judge it.\n\n"
        "The exit code is 0 when a board that trusts the key would take it, else 1.",
        "  cellwarden release verify F.cwfw --key release.pub      as a board in production\n"
        "  cellwarden release verify F.cwfw                        as a board for development\n"
        "  cellwarden release verify F.cwfw --key release.pub --board pico_24s\n"
        "  cellwarden release verify F.cwfw --sources              is it what these sources make?",
        (options.as_json(),),
    )
    _file(verify)
    verify.add_argument(
        "--key",
        type=Path,
        action="append",
        metavar="F",
        help="public key that is trusted, may be repeated (default: the development key only)",
    )
    verify.add_argument("--board", metavar="NAME", help="and whether it is for this board")
    verify.add_argument(
        "--sources",
        action="store_true",
        help="also build the files from the sources here, and compare",
    )


def _add_show(parts: options.Commands) -> None:
    shown = options.command(
        parts,
        "show",
        _show,
        "Show what is in an image: for what it is, how large, which files.",
        "  cellwarden release show pico_24s-1.2.3.cwfw\n"
        "  cellwarden release show pico_24s-1.2.3.cwfw --files --json",
        (options.as_json(),),
    )
    _file(shown)
    shown.add_argument("--files", action="store_true", help="every file with its size and hash")


def _file(to: argparse.ArgumentParser) -> None:
    to.add_argument("file", type=Path, metavar="FILE", help="an image (.cwfw)")


def _key(to: argparse.ArgumentParser, text: str, required: bool = False) -> None:
    to.add_argument(
        "--key",
        type=Path,
        required=required,
        metavar="F",
        help=f"{text}; a passphrase comes from {PASSPHRASE} or is asked for on a terminal",
    )


def _build(args: argparse.Namespace) -> int:
    board_check.without_errors(args.board)
    signer = keys.private(args.key, _passphrase) if args.key else keys.development()
    data = building.release(args.board, signer, hardware=_revisions(args.hardware))
    release = reading.release_of(data)
    out = args.out or Path(f"{args.board}-{release.header.version_text}{building.SUFFIX}")
    _write(out, data)
    return _done(args, release, out, signer.key)


def _sign(args: argparse.Namespace) -> int:
    release = reading.opened(args.file)
    signer = keys.private(args.key, _passphrase)
    data = packing.signed_again(release.data, signer.key, signer.sign)
    out = args.out or args.file
    _write(out, data)
    return _done(args, reading.release_of(data), out, signer.key)


def _done(args: argparse.Namespace, release: Release, out: Path, key: Key) -> int:
    if args.json:
        show.print_json({"file": str(out), **_facts(release), "signed_by": _key_name(key)})
        return 0
    header = release.header
    print(
        f"{out}: {header.board} {header.version_text}, {len(release.data)} bytes, "
        f"signed with {_key_name(key)}"
    )
    if key.development:
        print("boards flashed with --production refuse this key: it is everybody's")
    return 0


def _keygen(args: argparse.Namespace) -> int:
    keys.check_new(args.out)
    passphrase = "" if args.no_passphrase else _new_passphrase()
    key, public = keys.generate(args.out, passphrase)
    if args.json:
        told = {"private": str(args.out), "public": str(public), "key": key.id.hex()}
        show.print_json(told)
        return 0
    print(f"{args.out}: the private key {key.id.hex()}; keep it, and a copy of it, to yourself")
    print(f"{public}: the public key; give it to boards: cellwarden flash --production {public}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    release = reading.opened(args.file)
    header = release.header
    trusted = [keys.public(path) for path in args.key or ()] or [keys.development_key()]
    board, revision = header.board, header.hardware_min
    if args.board:
        board_check.without_errors(args.board)
        board = args.board
        revision = importlib.import_module(f"boards.{board}").HARDWARE_REVISION
    release.for_board(image.Terms(board, revision, trusted))
    if args.sources and header.board not in board_folders.names():
        raise BadInput(f"there are no sources of a board {header.board!r} here")
    if args.sources and not building.matches_sources(release):
        raise Refused(f"{args.file}: its files are not what the sources here make")
    signer = reading.trusted_by(trusted, release)
    assert signer is not None, "for_board has verified it"
    if args.json:
        show.print_json({"good": True, **_facts(release), "signed_by": _key_name(signer)})
        return 0
    print(f"good: {board} {header.version_text}, signed with {_key_name(signer)}")
    if args.sources:
        print("its files are what the sources here make")
    return 0


def _show(args: argparse.Namespace) -> int:
    release = reading.opened(args.file)
    facts = _facts(release)
    rows = [vars(entry) for entry in release.entries]
    if args.json:
        show.print_json({**facts, **({"files": rows} if args.files else {})})
        return 0
    made = show.table("", "")
    for name, value in facts.items():
        made.add_row(name.replace("_", " "), _shown(value))
    show.console().print(made)
    if args.files:
        files = show.table("file", "bytes", "SHA-256")
        for entry in release.entries:
            files.add_row(entry.path, str(entry.size), entry.sha256)
        show.console().print(files)
    return 0


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " to ".join(map(str, sorted(set(value))))
    if isinstance(value, bool):  # 1 is equal to True and is a number all the same
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _facts(release: Release) -> dict[str, Any]:
    header = release.header
    return {
        "board": header.board,
        "hardware_revisions": [header.hardware_min, header.hardware_max],
        "version": header.version_text,
        "schema_version": header.schema,
        "mpy_version": header.mpy & 0xFF,
        "machine_code": building.ARCHITECTURES.get(header.mpy >> 10, "unknown"),
        "key": header.key_id.hex(),
        "development": header.development,
        "file_count": header.file_count,
        "content_bytes": header.content_bytes,
        "image_bytes": header.image_bytes,
        "image_sha256": release.sha256,
    }


def _key_name(key: Key) -> str:
    return "the development key" if key.development else f"key {key.id.hex()}"


def _revisions(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    try:
        found = int(first), int(last or first)
    except ValueError:
        found = 1, 0
    if not 0 <= found[0] <= found[1] <= 0xFFFF:
        raise BadInput(f"--hardware {text}: one revision or a range is needed, as in 2 or 1-3")
    return found


def _passphrase(path: Path) -> str:
    known = os.environ.get(PASSPHRASE)
    if known:
        return known
    if not sys.stdin.isatty():
        raise BadInput(f"{path} has a passphrase: set {PASSPHRASE}")
    return getpass.getpass(f"Passphrase of {path}: ")


def _new_passphrase() -> str:
    known = os.environ.get(PASSPHRASE)
    if known:
        return known
    if not sys.stdin.isatty():
        raise BadInput(f"a passphrase is needed: set {PASSPHRASE}, or say --no-passphrase")
    first = getpass.getpass("Passphrase for the new key: ")
    if not first:
        raise BadInput("no passphrase; say --no-passphrase if that is meant")
    if getpass.getpass("The same again: ") != first:
        raise BadInput("the two are not the same; nothing was made")
    return first


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing: an interrupted run leaves no half image."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Refused(f"cannot write {path}: {error.strerror or error}") from None
