"""Words on the page: as ``cellwarden_host.words``, for a page alone.

There a sentence is a string with a memory; MicroPython's strings cannot have one, so here it is
an object that becomes a string when it is told. What only a terminal says is not kept.
"""

ENGLISH, CHINESE = "en", "zh"
LANGUAGES = {ENGLISH: "English", CHINESE: "中文"}
_LIST = "{items}"
_CHINESE_SEPARATORS = {", ": "、", " and ": "、", "; ": "；"}
_catalogues = {ENGLISH: {}, CHINESE: {}}


class Said:
    def __init__(self, template, parts, context=""):
        self.template = template
        self.parts = parts
        self.context = context

    def __str__(self):
        return tell(self, ENGLISH)

    def __bool__(self):
        return bool(str(self))

    def __eq__(self, other):
        return str(self) == str(other)

    def __lt__(self, other):
        return str(self) < str(other)

    def __hash__(self):
        return hash(str(self))

    def split(self, *args):
        return str(self).split(*args)


def load(language, texts):
    """The catalogue that the page has fetched."""
    _catalogues[language] = texts


def catalogue(language):
    return _catalogues[language]


def say(template, **parts):
    return Said(template, parts)


def filled(said, **parts):
    return Said(said.template, parts, said.context)


def known(text, context=""):
    if isinstance(text, Said):
        return text
    # A text is no template here: its braces are its own.
    return Said(text, {}, context)


def terminal(text, page=""):
    return Said("{page}", {"page": page})


def listed(parts, between=", "):
    return Said(_LIST, {"items": tuple(parts), "between": between})


def both(parts):
    return listed(parts, " and ")


def tell(text, language):
    told = _catalogues[language]
    if not isinstance(text, Said):
        return told.get(text, text)
    if text.template == _LIST:
        between = separator(language, text.parts["between"])
        return between.join(str(_part(item, language)) for item in text.parts["items"])
    template = told.get(text.template, text.template)
    if text.context:
        template = told.get(text.context + ": " + text.template, template)
    if not text.parts:
        return template
    parts = {}
    for name, part in text.parts.items():
        parts[name] = _part(part, language)
    return template.format(**parts)


def _part(part, language):
    if isinstance(part, (str, Said)):
        return tell(part, language)
    if isinstance(part, (list, tuple)):
        return separator(language).join(str(_part(one, language)) for one in part)
    return part


def separator(language, english=", "):
    return _CHINESE_SEPARATORS.get(english, english) if language == CHINESE else english
