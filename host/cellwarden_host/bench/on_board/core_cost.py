"""Prints what a cycle of the core costs, whole and by part, and the yardstick beside it."""
# MicroPython's modules, not CPython's:
# mypy: ignore-errors

from bench_meters import Part, Subject, tell, thousand_additions, time_all
from bench_pack import FASTS, BenchPack

_ROUNDS = 200


class Nothing:
    """A step with a part that does nothing: what the probe itself costs."""

    def part(self):
        pass

    def step(self):
        self.part()


def main():
    pack = BenchPack()
    pack.crowd()
    c = pack.controller
    nothing = Nothing()

    def tick_and_readout():
        pack.tick()
        return c.readout

    whole = (
        Subject("yardstick", thousand_additions),
        Subject("feed", pack.feed),
        Subject("feed fast", pack.feed_fast),
        Subject("fast", pack.fast),
        Subject("tick", pack.tick),
        Subject("tick and readout", tick_and_readout),
        Part("probe", nothing.step, nothing, "part"),
    )
    parts = (
        Part("judge", pack.tick, c, "judge"),
        Part("settle", pack.tick, c, "settle"),
        Part("quantities", pack.tick, c.quantities, "update"),
        Part("protection", pack.tick, c.protection, "judge"),
        Part("switchgear", pack.tick, c.switchgear, "tick"),
        Part("limits", pack.tick, c.limits, "update"),
        Part("estimator", pack.tick, c.estimator, "update"),
        Part("balancer", pack.tick, c.balancer, "update"),
        Part("heater", pack.tick, c.heater, "update"),
        Part("cell health", pack.tick, c.cells, "update"),
    )
    # The controller's own steps, as far as they are called so.
    for name in ("_conditions", "_context", "_foresee", "_samples", "_sleep", "_write_journal"):
        if hasattr(c, name):
            parts += (Part("controller." + name[1:], pack.tick, c, name),)
    if hasattr(c, "wire_proof"):
        parts += (Part("wire proof", pack.tick, c.wire_proof, "update"),)
    us = time_all(whole + parts, _ROUNDS)
    tick = us["tick"] - us["feed"]
    fast = us["fast"] - us["feed fast"]
    tell(name="yardstick", us=us["yardstick"])
    tell(name="tick", us=tick)
    tell(name="fast", us=fast)
    tell(name="readout", us=us["tick and readout"] - us["tick"])
    tell(name="cycle", us=tick + FASTS * fast)
    for half in parts[:2]:
        tell(name=half.name, us=max(0, us[half.name] - us["probe"]))
    for part in parts[2:]:
        took = max(0, us[part.name] - us["probe"])
        tick -= took
        tell(name="part " + part.name, us=took)
    tell(name="part rest", us=tick)


main()
