"""Exact decimals for values with a unit: a whole number and how many of its digits are decimals.

Only what ``units`` and ``rule_words`` do with them.
"""


class InvalidOperation(ArithmeticError):
    pass


class Decimal:
    def __init__(self, value=0, places=0):
        if isinstance(value, Decimal):
            value, places = value.count, value.places
        elif isinstance(value, str):
            value, places = _parsed(value)
        self.count = value
        self.places = places

    def __mul__(self, other):
        other = _decimal(other)
        return Decimal(self.count * other.count, self.places + other.places)

    __rmul__ = __mul__

    def __truediv__(self, other):
        """Exact where it ends within 12 decimals; all units here do."""
        other = _decimal(other)
        top = self.count * 10 ** (other.places + 12)
        bottom = other.count * 10**self.places
        return Decimal(_rounded(top, bottom), 12)._short()

    def _short(self):
        count, places = self.count, self.places
        while places and count % 10 == 0:
            count //= 10
            places -= 1
        return Decimal(count, places)

    def to_integral_value(self):
        return Decimal(_rounded(self.count, 10**self.places))

    def _pair(self, other):
        other = _decimal(other)
        return self.count * 10**other.places, other.count * 10**self.places

    def __eq__(self, other):
        mine, its = self._pair(other)
        return mine == its

    def __ge__(self, other):
        mine, its = self._pair(other)
        return mine >= its

    def __bool__(self):
        return self.count != 0

    def __int__(self):
        whole = abs(self.count) // 10**self.places
        return -whole if self.count < 0 else whole

    def __float__(self):
        return self.count / 10**self.places

    def __str__(self):
        digits = str(abs(self.count))
        if self.places:
            digits = "0" * (self.places + 1 - len(digits)) + digits
            digits = digits[: -self.places] + "." + digits[-self.places :]
        return "-" + digits if self.count < 0 else digits


def _decimal(value):
    return value if isinstance(value, Decimal) else Decimal(value)


def _rounded(top, bottom):
    if bottom < 0:
        top, bottom = -top, -bottom
    whole, rest = divmod(top, bottom)
    return whole + (1 if 2 * rest > bottom or (2 * rest == bottom and whole & 1) else 0)


def _parsed(text):
    whole, _, decimals = text.partition(".")
    if whole in ("", "-", "+"):
        whole += "0"
    try:
        return int(whole + decimals), len(decimals)
    except ValueError:
        raise InvalidOperation(text) from None
