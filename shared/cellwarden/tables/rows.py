"""Shapes of schema rows, and what follows from a row (type, width), so nobody types it twice."""

CHEMISTRIES = ("none", "nmc", "lfp", "lto", "na_layered", "na_polyanion")
CHEMISTRY_TITLES = {
    "none": "not chosen",
    "nmc": "NMC (3.7 V)",
    "lfp": "LFP (3.2 V)",
    "lto": "LTO (2.3 V)",
    "na_layered": "sodium-ion, layered oxide",
    "na_polyanion": "sodium-ion, polyanion",
}

# Who may read or write; see ``includes``.
ANYONE = 0
INSTALLER = 1
FACTORY = 2
LESSOR = 3
ROLES = ("anyone", "installer", "factory", "lessor")
# A lessor may all that an installer may, and the maker all that a lessor may.
_RANKS = (ANYONE, INSTALLER, LESSOR, FACTORY)


def includes(role, needed):
    """True when a session of ``role`` may do what ``needed`` may."""
    return _RANKS.index(role) >= _RANKS.index(needed)


class Setting:
    """A stored parameter. ``default`` is a number, or a tuple with one number a chemistry
    (nmc, lfp, lto, na_layered, na_polyanion). ``auto`` says what 0 stands for, if anything."""

    kind = "setting"

    def __init__(self, address, name, unit, low, high, default, help_text, **extra):
        self.address = address
        self.name = name
        self.unit = unit
        self.low = low
        self.high = high
        self.default = default
        self.help = help_text
        self.auto = extra.pop("auto", None)
        self.write = extra.pop("write", INSTALLER)
        self.choices = extra.pop("choices", None)
        self.count = extra.pop("count", 1)
        self.needs_off = extra.pop("needs_off", False)
        if extra:
            raise TypeError("unknown: %s" % ", ".join(extra))

    def default_for(self, chemistry):
        """The default with this chemistry's name; the first chemistry's where none is chosen."""
        if isinstance(self.default, tuple):
            return self.default[max(0, CHEMISTRIES.index(chemistry) - 1)]
        return self.default

    @property
    def accepts_zero(self):
        """0 is allowed below the range as "automatic"."""
        return self.auto is not None


class Reading:
    """A published value. ``scale`` is how many units one count stands for, as text, e.g. 0.1."""

    kind = "reading"

    def __init__(self, address, name, unit, low, high, help_text, count=1, choices=None):
        self.address = address
        self.name = name
        self.unit = unit
        self.low = low
        self.high = high
        self.help = help_text
        self.count = count
        self.choices = choices


class Text:
    """A string of ``registers`` registers, two bytes each, UTF-8, zero padded. A ``secret`` one
    is read in an installer's session on RS485-2 only."""

    kind = "text"

    def __init__(self, address, name, registers, help_text, write=None, secret=False):
        self.address = address
        self.name = name
        self.registers = registers
        self.help = help_text
        self.write = write
        self.secret = secret


class Command:
    """A register whose write does something. ``ports``: "any", or "pc" for RS485-2 and REPL."""

    kind = "command"

    def __init__(self, address, name, low, high, role, help_text, registers=1, ports="any"):
        self.address = address
        self.name = name
        self.low = low
        self.high = high
        self.role = role
        self.help = help_text
        self.registers = registers
        self.ports = ports


class Rule:
    """A protection: see rules.py for what each column means."""

    kind = "rule"

    def __init__(self, number, name, title, quantity, way, trip, delay, **columns):
        self.number = number
        self.name = name
        self.title = title
        self.quantity = quantity
        self.way = way
        self.trip = trip
        self.delay = delay
        self.recover = columns.pop("recover", None)
        self.hysteresis = columns.pop("hysteresis", 0)
        self.recover_delay = columns.pop("recover_delay", 0)
        self.wait = columns.pop("wait", "none")
        self.forbids = columns.pop("forbids", ())
        self.loud = columns.pop("loud", "protection")
        self.retries = columns.pop("retries", None)
        self.retry_delay = columns.pop("retry_delay", 0)
        self.fast = columns.pop("fast", False)
        self.samples = columns.pop("samples", 1)
        self.tolerance = columns.pop("tolerance", 0)
        self.persists = columns.pop("persists", False)
        self.backup = columns.pop("backup", False)
        if columns:
            raise TypeError("unknown: %s" % ", ".join(columns))


def width(row):
    """Registers an element of a setting or reading takes: 1 while 16 bits hold its range."""
    low = min(row.low, 0)
    if low < 0:
        return 1 if row.low >= -32768 and row.high <= 32766 else 2
    return 1 if row.high <= 65535 else 2


def type_name(row):
    """u16, s16, u32 or s32, as register documentation writes it."""
    return ("s" if row.low < 0 else "u") + ("16" if width(row) == 1 else "32")
