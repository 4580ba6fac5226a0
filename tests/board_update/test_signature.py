"""Signatures: true ones are accepted, everything that is not exactly one is refused."""

import hashlib

from image_keys import MESSAGE, OWNER, STRANGER, VECTOR
from image_maker import OWNERS, STRANGERS, flipped, key_of, sign, signed_block

from board_update import signature

DIGEST = hashlib.sha256(MESSAGE).digest()
SIGNED = bytes.fromhex(VECTOR)
MODULUS = OWNER[0] * OWNER[1]


def test_a_signature_that_openssl_made_is_good():
    assert signature.verify(OWNERS, SIGNED, DIGEST)


def test_the_tests_sign_as_openssl_does():
    assert sign(OWNER, MESSAGE) == SIGNED


def test_each_flipped_byte_of_a_signature_spoils_it():
    for at in range(len(SIGNED)):
        assert not signature.verify(OWNERS, flipped(SIGNED, at), DIGEST), at


def test_each_flipped_byte_of_what_is_signed_spoils_it():
    for at in range(len(DIGEST)):
        assert not signature.verify(OWNERS, SIGNED, flipped(DIGEST, at)), at


def test_another_key_does_not_fit():
    assert not signature.verify(STRANGERS, SIGNED, DIGEST)
    assert not signature.verify(OWNERS, sign(STRANGER, MESSAGE), DIGEST)


def test_a_signature_has_one_length_and_one_value():
    assert not signature.verify(OWNERS, SIGNED[1:], DIGEST)
    assert not signature.verify(OWNERS, b"\0" + SIGNED, DIGEST)
    assert not signature.verify(OWNERS, b"", DIGEST)
    assert not signature.verify(OWNERS, SIGNED, DIGEST[:-1])
    for value in (0, 1, MODULUS - 1, MODULUS, (1 << 2048) - 1):
        assert not signature.verify(OWNERS, value.to_bytes(256, "big"), DIGEST), value


def test_a_signature_has_no_second_name():
    # a modulus larger it has the same residue, and may fit into 256 bytes still
    number = 0
    while True:
        message = b"message %d" % number
        second = int.from_bytes(sign(OWNER, message), "big") + MODULUS
        if second < 1 << 2048:
            break
        number += 1
    digest = hashlib.sha256(message).digest()
    assert signature.verify(OWNERS, sign(OWNER, message), digest)
    assert not signature.verify(OWNERS, second.to_bytes(256, "big"), digest)


def test_what_lenient_readers_have_taken_is_refused():
    # made with the private key, so only the encoded block is wrong
    right = signature.encoded(DIGEST)
    assert signature.verify(OWNERS, signed_block(OWNER, right), DIGEST)
    info = right[-51:]
    blocks = {
        "short padding, garbage behind": b"\0\1" + b"\xff" * 8 + b"\0" + info + bytes(194),
        "garbage instead of padding": b"\0\1" + b"\xff" * 8 + bytes(range(1, 195)) + b"\0" + info,
        "one byte of the padding is wrong": flipped(right, 100),
        "block type 2": b"\0\2" + right[2:],
        "no zero after the padding": right[:204] + b"\xff" + info,
        "no name of the hash": b"\0\1" + b"\xff" * 221 + b"\0" + DIGEST,
        "no parameters beside the name": b"\0\1"
        + b"\xff" * 204
        + b"\0\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
        + DIGEST,
        "the name of SHA-224": right.replace(b"\x02\x01\x05", b"\x02\x04\x05"),
    }
    for name, block in blocks.items():
        assert len(block) in (255, 256), name
        assert not signature.verify(OWNERS, signed_block(OWNER, block), DIGEST), name


def test_it_takes_seventeen_steps_and_is_not_good_before_the_last():
    verifier = signature.Verifier(OWNERS, SIGNED, DIGEST)
    steps = 1
    while verifier.step():
        assert not verifier.good
        steps += 1
    assert verifier.good
    assert steps == 17
    assert not verifier.step() and verifier.good


def test_a_key_has_2048_bits_and_is_odd():
    modulus = OWNERS.modulus
    for wrong in (modulus[1:], b"\x7f" + modulus[1:], modulus[:-1] + b"\x02", b""):
        try:
            signature.Key(wrong)
        except ValueError:
            continue
        raise AssertionError(len(wrong))


def record_of(key):
    plain = b"CWPK" + bytes((1 if key.development else 0, 0, 0, 0)) + key.modulus
    return plain + hashlib.sha256(plain).digest()[:8]


def test_a_record_gives_the_key_back():
    for development in (False, True):
        key = key_of(OWNER, development)
        read = signature.key(record_of(key))
        assert read.modulus == key.modulus
        assert read.development is development
        assert read.id == key.id == hashlib.sha256(key.modulus).digest()[:8]


def test_a_damaged_record_is_no_key():
    record = record_of(OWNERS)
    wrong = [flipped(record, at) for at in range(len(record))]
    wrong += [record[:length] for length in range(0, len(record), 16)]
    wrong.append(record + b"\0")
    for number, data in enumerate(wrong):
        try:
            signature.key(data)
        except ValueError:
            continue
        raise AssertionError(number)
