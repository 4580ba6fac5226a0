"""An estimator played from a script of plain values, on either runtime; for property tests."""

from pack_bench import Pack

from cellwarden import ids
from cellwarden.estimator import STATE_SIZE, Estimator

CELLS = 8


def play(chemistry, script, make=Estimator):
    """What the estimator said after every tick of every "run"."""
    pack = Pack(ids.CHEMISTRY_NMC, CELLS)
    pack.live[ids.CHEMISTRY] = chemistry
    pack.settings.revision += 1
    estimator = make()
    said = []
    for row in script:
        what = row[0]
        if what == "set":
            estimator.set_soc(row[1])
        elif what == "begin":
            estimator.begin(row[1], row[2])
        elif what == "capacity":
            pack.live[ids.CAPACITY_MAH] = row[1]
        elif what == "restart":
            state = bytearray(STATE_SIZE)
            estimator.state_into(state, 0)
            estimator = make()
            estimator.state_from(state, 0)
        else:
            _run(pack, estimator, row, said)
    return said


def _run(pack, estimator, row, said):
    _, ticks, step_ms, current_ma, cell_mv, temp_dc, lost = row
    pack.cell_mv = [cell_mv] * CELLS
    pack.temp_dc = [temp_dc] * len(pack.temp_dc)
    pack.current_ma = current_ma
    pack.lost = (lost,)
    for _ in range(ticks):
        pack.pass_time(step_ms)
        if lost != "current":
            estimator.add_current(current_ma, step_ms)
        estimator.update(pack.readings, pack.quantities, pack.settings, pack.now_ms)
        said.append(
            [
                estimator.soc_ppm,
                estimator.sigma_ppm,
                estimator.soc_permille,
                estimator.soc_sigma_permille,
                estimator.remaining_mah,
                estimator.full_mah,
                estimator.full,
                estimator.polarisation_dmv,
                estimator.offset_ma,
            ]
        )
