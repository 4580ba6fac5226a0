"""Logs for the tests of replay: written to a file, run by the command, their outcome read back."""

import contextlib
import csv
import io
import json

from cellwarden_host.cli import main

PACK = ("--chemistry", "nmc", "--capacity-mah", "100Ah")


class Bench:
    """``log`` writes a log; ``run`` replays it: exit code, then ``text``, ``error``, ``rows``."""

    def __init__(self, folder):
        self.folder = folder
        self.log_path = folder / "log.csv"
        self.out_path = folder / "out.csv"
        self.text = self.error = ""

    def log(self, *lines, ending="\n", encoding="utf-8"):
        self.log_path.write_bytes((ending.join(lines) + ending).encode(encoding))
        return self

    def run(self, *options, pack=PACK, out=True):
        arguments = ["replay", str(self.log_path), *pack, *options]
        if out:
            arguments += ["--out", str(self.out_path)]
        text, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(error):
            try:
                code = main(arguments)
            except SystemExit as leaving:
                code = leaving.code
        self.text, self.error = text.getvalue(), error.getvalue()
        return code

    def json(self, *options, **more):
        """The summary of a run that must succeed."""
        assert self.run("--json", *options, **more) == 0, self.error
        return json.loads(self.text)

    @property
    def rows(self):
        with self.out_path.open(newline="") as file:
            return list(csv.DictReader(file))

    def events(self):
        """(t_s, kind, rule) in the order of the out file."""
        found = []
        for row in self.rows:
            for event in filter(None, row["events"].split(";")):
                kind, _, rule = event.partition(":")
                found.append((float(row["t_s"]), kind, rule))
        return found

    def left_over(self):
        """Names in the folder besides the log and the out file."""
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if path not in (self.log_path, self.out_path)
        )


def steady(rows, current_ma=0, cell_mv=3700, header="t_s,current_ma,cell_mv", first=0):
    """Lines of a log in which nothing changes, a row a second."""
    return [header, *(f"{first + t},{current_ma},{cell_mv}" for t in range(rows))]
