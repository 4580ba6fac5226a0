"""The cells of the trials: parameter sets of PyBaMM, and electrodes put together from papers.

Those to tune on and those to check on share no parameter set, except sodium-ion, of which
there is one (Chayambuka2022): its kinetics and its window differ between the two.
PyBaMM has no titanate cell, so one is made of a set's positive electrode and a titanate one:
a plateau at 1.55 V (T. Ohzuku et al., J. Electrochem. Soc. 142, 1995, 1431) with steep ends.
LFP to check on: the fit of M. Safari and C. Delacourt (J. Electrochem. Soc. 158, 2011, A562)
against another graphite than the set's. Gaps between charge and discharge branches are those
of W. Dreyer et al. (Nature Materials 9, 2010, 448; LFP, 10 to 20 mV) and smaller for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pybamm

_FILL_FROM = "Chen2020"
# A model's own ends stay clear of those that a charger or a load keeps.
_BEYOND_V = 0.3


@dataclass(frozen=True)
class Cell:
    """A parameter set, and the open-circuit voltages that are called 0 and 100 %.

    ``hysteresis_mv`` is half the gap between the branches of charging and discharging;
    ``scales`` multiply parameters; ``graphite_from`` names the set whose negative potential
    is taken.
    """

    parameter_set: str
    empty_v: float
    full_v: float
    hysteresis_mv: float = 0.0
    electrodes: str = ""  # "titanate" or "safari"
    graphite_from: str = ""
    scales: tuple[tuple[str, float], ...] = ()

    def parameters(self) -> Any:
        values = pybamm.ParameterValues(self.parameter_set)
        fill = pybamm.ParameterValues(_FILL_FROM)
        missing = {name: fill[name] for name in fill if name not in values}
        values.update(missing, check_already_exists=False)
        if self.graphite_from:
            other = pybamm.ParameterValues(self.graphite_from)
            values[_NEGATIVE_OCP] = other[_NEGATIVE_OCP]
        if self.electrodes == "safari":
            values[_POSITIVE_OCP] = lfp_safari
        if self.electrodes == "titanate":
            _put_titanate(values)
        for name, factor in self.scales:
            values[name] = _scaled(values[name], factor)
        values.update(
            {
                "Open-circuit voltage at 0% SOC [V]": self.empty_v,
                "Open-circuit voltage at 100% SOC [V]": self.full_v,
                "Lower voltage cut-off [V]": self.empty_v - _BEYOND_V,
                "Upper voltage cut-off [V]": self.full_v + _BEYOND_V,
            }
        )
        return values


_NEGATIVE_OCP = "Negative electrode OCP [V]"
_POSITIVE_OCP = "Positive electrode OCP [V]"


def _scaled(value: Any, factor: float) -> Any:
    if not callable(value):
        return value * factor
    return lambda *arguments: value(*arguments) * factor


def lfp_safari(sto: Any) -> Any:
    """Potential of LFP; ``sto`` is the share of lithium sites taken."""
    free = 1 - sto
    rise = 3.2482e-6 * pybamm.exp(20.2646 * free**3.7995)
    fall = 3.2474e-6 * pybamm.exp(20.2645 * free**3.8003)
    return 3.4323 - 0.8428 * pybamm.exp(-80.2493 * free**1.3198) - fall + rise


def titanate(sto: Any) -> Any:
    return 1.55 + 0.6 * pybamm.exp(-120 * sto) - 0.5 * pybamm.exp(-60 * (1 - sto))


def _put_titanate(values: Any) -> None:
    """As much titanate as the positive electrode can fill from 6 to 94 %."""
    par = pybamm.LithiumIonParameters()
    values[_NEGATIVE_OCP] = titanate
    values["Negative electrode OCP entropic change [V.K-1]"] = 0.0
    most = 22_700.0  # mol/m3: 175 mAh/g at 3.5 g/cm3
    values["Maximum concentration in negative electrode [mol.m-3]"] = most
    high_y, low_y = 0.93, 0.36
    moved = float(values.evaluate(par.p.Q_init)) * (high_y - low_y)
    held = float(values.evaluate(par.n.Q_init)) * 0.88
    values["Negative electrode thickness [m]"] *= moved / held
    values["Initial concentration in negative electrode [mol.m-3]"] = 0.5 * most
    values["Initial concentration in positive electrode [mol.m-3]"] = (
        (high_y + low_y) / 2 * values["Maximum concentration in positive electrode [mol.m-3]"]
    )


_N_DIFFUSIVITY = "Negative particle diffusivity [m2.s-1]"
_P_DIFFUSIVITY = "Positive particle diffusivity [m2.s-1]"
_N_EXCHANGE = "Negative electrode exchange-current density [A.m-2]"
_P_EXCHANGE = "Positive electrode exchange-current density [A.m-2]"


def _sodium(diffusion: float, exchange: float) -> tuple[tuple[str, float], ...]:
    """The published cell loses 250 mV at C/2 in its first second; a newer one much less."""
    return (
        (_N_DIFFUSIVITY, diffusion),
        (_P_DIFFUSIVITY, diffusion),
        (_N_EXCHANGE, exchange),
        (_P_EXCHANGE, exchange),
    )


TUNE = {
    "nmc_chen": Cell("Chen2020", 2.5, 4.2),
    "nmc_mohtat": Cell("Mohtat2020", 2.8, 4.2),
    "lfp_prada": Cell("Prada2013", 2.0, 3.6, hysteresis_mv=8),
    "na_new": Cell("Chayambuka2022", 2.0, 4.2, scales=_sodium(6, 6)),
    "lto_kim": Cell("NCA_Kim2011", 1.8, 2.7, hysteresis_mv=3, electrodes="titanate"),
    "lto_ramadass": Cell("Ramadass2004", 1.9, 2.7, electrodes="titanate"),
}
CHECK = {
    "nmc_okane": Cell("OKane2022", 2.5, 4.2),
    "nmc_ecker": Cell("Ecker2015", 2.7, 4.2),
    "nmc_oregan": Cell("ORegan2022", 2.6, 4.2),
    "lco_ai": Cell("Ai2020", 3.0, 4.2),
    "lfp_safari": Cell(
        "Prada2013", 2.5, 3.5, hysteresis_mv=12, electrodes="safari", graphite_from="Ecker2015"
    ),
    "lfp_mohtat": Cell(
        "Prada2013", 2.2, 3.6, hysteresis_mv=5, electrodes="safari", graphite_from="Mohtat2020"
    ),
    "na_published": Cell("Chayambuka2022", 2.0, 4.2),
    "na_better": Cell("Chayambuka2022", 2.2, 4.15, hysteresis_mv=5, scales=_sodium(4, 10)),
    "lto_ecker": Cell("Ecker2015", 1.9, 2.7, hysteresis_mv=5, electrodes="titanate"),
    "lto_mohtat": Cell("Mohtat2020", 1.8, 2.7, electrodes="titanate"),
}
CELLS = TUNE | CHECK
