"""What a page consists of, as plain values: built anew at each look, drawn by the browser.

A page function calls these in the order of the page; every text goes through the language, and
each control names its handler. Kinds of nodes are drawn by host/phone/js/nodes.js.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...words import tell

Handler = Callable[[Any], Any]
Node = dict[str, Any]


class Ui:
    """One picture of a page: ``nodes`` for the browser, ``handlers`` for what it sends back."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.nodes: list[Node] = []
        self.handlers: dict[str, Handler] = {}
        self._into = self.nodes

    def tell(self, text: Any) -> str:
        return str(tell(text, self.language))

    def _add(self, what: str, **props: Any) -> Node:
        node: Node = {"t": what}
        for name, value in props.items():
            if value not in (None, "", False):
                node[name] = value
        self._into.append(node)
        return node

    def _control(self, what: str, key: str, handler: Handler, **props: Any) -> Node:
        self.handlers[key] = handler
        return self._add(what, id=key, **props)

    # --- what holds others

    def card(self, title: Any = "", stale: bool = False, key: str = "") -> Inside:
        """A group of nodes with a heading; ``stale`` greys it out."""
        node = self._add("card", title=self.tell(title) if title else "", stale=stale, key=key)
        return self._inside(node)

    def fold(
        self, key: str, title: Any, is_open: bool, handler: Handler, note: Any = ""
    ) -> Inside:
        """A group under a heading that opens and closes it."""
        node = self._control(
            "fold", key, handler, title=self.tell(title), note=self.tell(note), open=is_open
        )
        return self._inside(node)

    def line(self) -> Inside:
        """Nodes side by side, as many as fit."""
        return self._inside(self._add("line"))

    def _inside(self, node: Node) -> Inside:
        node["c"] = []
        return Inside(self, node["c"])

    def enter(self, nodes: list[Node]) -> list[Node]:
        before, self._into = self._into, nodes
        return before

    # --- what is read

    def text(self, text: Any, level: str = "", key: str = "") -> None:
        self._add("text", text=self.tell(text), level=level, key=key)

    def note(self, level: str, text: Any, key: str = "") -> None:
        """A sentence that must not be missed: info, good, warn or bad."""
        self._add("note", text=self.tell(text), level=level, key=key)

    def big(self, key: str, label: Any, value: Any, about: Any = "", level: str = "") -> None:
        self._add(
            "big",
            key=key,
            label=self.tell(label),
            value=self.tell(value),
            about=self.tell(about),
            level=level,
        )

    def pair(self, label: Any, value: Any, level: str = "", key: str = "") -> None:
        self._add("pair", key=key, label=self.tell(label), value=self.tell(value), level=level)

    def state(self, key: str, title: Any, word: Any, level: str, why: Any = "") -> None:
        """A state in words; its level adds a colour and a sign to them."""
        self._add(
            "state",
            key=key,
            title=self.tell(title),
            word=self.tell(word),
            level=level,
            why=self.tell(why),
        )

    def cells(self, **props: Any) -> None:
        self._add("cells", key="cells", **props)

    def chart(self, key: str, **props: Any) -> None:
        self._add("chart", key=key, **props)

    def progress(self, label: Any, done: int, total: int, about: Any = "") -> None:
        self._add(
            "progress",
            label=self.tell(label),
            done=done,
            total=total or 1,
            about=self.tell(about),
        )

    # --- what is used

    def button(
        self,
        key: str,
        text: Any,
        handler: Handler,
        kind: str = "",
        off: bool = False,
        pressed: bool | None = None,
    ) -> None:
        """``kind``: main, danger or plain; ``pressed`` for one of several that is chosen."""
        node = self._control("button", key, handler, text=self.tell(text), kind=kind, off=off)
        if pressed is not None:
            node["pressed"] = pressed

    def choice(
        self,
        key: str,
        label: Any,
        options: Iterable[tuple[Any, Any]],
        value: Any,
        handler: Handler,
        off: bool = False,
        wrong: Any = "",
        changed: bool = False,
        hint: Any = "",
    ) -> None:
        """One of a few: buttons side by side; a list when there are many."""
        node = self._control(
            "choice",
            key,
            handler,
            label=self.tell(label),
            off=off,
            wrong=self.tell(wrong),
            changed=changed,
            hint=self.tell(hint),
        )
        node["options"] = [[one, self.tell(text)] for one, text in options]
        node["value"] = value

    def field(
        self,
        key: str,
        label: Any,
        value: Any,
        handler: Handler,
        unit: Any = "",
        hint: Any = "",
        wrong: Any = "",
        changed: bool = False,
        off: bool = False,
        mode: str = "decimal",
    ) -> None:
        """A text that is typed; ``mode`` is decimal, text, search or password."""
        node = self._control(
            "field",
            key,
            handler,
            label=self.tell(label),
            unit=self.tell(unit),
            hint=self.tell(hint),
            wrong=self.tell(wrong),
            changed=changed,
            off=off,
            mode=mode,
        )
        node["value"] = self.tell(value)

    def file(self, key: str, label: Any, handler: Handler, off: bool = False) -> None:
        """A file that is chosen; the handler gets [name, hex of its bytes]."""
        self._control("file", key, handler, label=self.tell(label), off=off)


class Inside:
    """``with ui.card(...)``: what is added meanwhile goes into it."""

    def __init__(self, ui: Ui, nodes: list[Node]) -> None:
        self._ui, self._nodes = ui, nodes
        self._before: list[Node] = []

    def __enter__(self) -> None:
        self._before = self._ui.enter(self._nodes)

    def __exit__(self, *error: object) -> None:
        self._ui.enter(self._before)
