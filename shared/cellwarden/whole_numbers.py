"""Shares and roots in whole numbers that never leave 30 bits. Nothing here knows batteries."""

SHARE = 1024


def permille_of(part, whole):
    """part / whole in 1/1000."""
    if whole <= 0:
        return 0
    if whole > 1_000_000:
        part //= 4
        whole //= 4
    return part * 1000 // whole


def of_permille(permille, whole):
    return whole // 1000 * permille + whole % 1000 * permille // 1000


def share(part, whole):
    """part / whole in 1/SHARE, for a ``whole`` above 0 and any ``part``."""
    if whole >= SHARE << 10 or not -(1 << 19) < part < 1 << 19:
        return part // ((whole >> 10) or 1)
    return part * SHARE // whole


def of_share(part, whole):
    """``part`` of 1/SHARE of a ``whole`` from 0 on."""
    return (whole >> 10) * part + ((whole & 1023) * part >> 10)


def root(n):
    """Integer square root of up to 30 bits."""
    x = 0
    bit = 1 << 28
    while bit > n:
        bit >>= 2
    while bit:
        if n >= x + bit:
            n -= x + bit
            x = (x >> 1) + bit
        else:
            x >>= 1
        bit >>= 2
    return x
