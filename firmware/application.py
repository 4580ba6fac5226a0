"""One board at work: measures, lets the core decide, drives the outputs. Plain calls, no tasks.

``step`` does what is due and says how long it can be left alone, so that the controller's
event loop and a test on a desktop drive the same code. Measuring, the half of a tick that
switches, and its other half are steps of their own, so that a port waits for one of them only.
It must never pulse the heartbeat or feed the watchdog unless all halves before have completed.
"""

from cellwarden import ids
from cellwarden.controller import Controller
from firmware import clock
from firmware.hardware import Hardware

_UNITY_PPM = 1_000_000


class Application:
    """Hardware, sampler and core of one board. ``machine`` is the module of that name."""

    def __init__(self, board, machine, settings, access, now_ms):
        self.board = board
        self.hardware = Hardware(board, machine)  # all outputs are off from here on
        self.settings = settings
        self.controller = Controller(board, settings, access, now_ms)
        self.sampler = self.hardware.sampler(board, self.controller.readings)
        self.watchdog = None
        self.page = None  # of an OLED, where there is one
        self.held = 0  # outputs that hardware holds through this start (restart.held)
        self._revision = -1
        self.ticked_ms = now_ms  # of the newest heartbeat
        self._unsettled = False  # between the two halves of a tick
        self._judge_ms = 0
        self._calibration = None  # what the shunt monitor was given last
        self._limits = None
        self._voltages = None

    def step(self, now_ms):
        """Do what is due at ``now_ms``; milliseconds until the next call is wanted."""
        controller = self.controller
        if self._unsettled:
            self._settle(now_ms)
            return 1
        if self.sampler.tick_due:
            self.sampler.tick_due = False
            # Between measuring and judging: the core never judges cells of the map before.
            if self.settings.revision != self._revision:
                self._configure()
            self._judge(now_ms)
            return 1
        if self._revision < 0:
            self._configure()
        wait_ms = self.sampler.step(now_ms)
        if self.sampler.tick_due:
            wait_ms = 1
        elif self.sampler.fast_due:
            controller.fast(now_ms)
            outputs = self.hardware.outputs
            if outputs.differ(controller.commands):
                outputs.apply(controller.commands)
        self.sampler.fast_due = False
        return wait_ms

    def unlock(self):
        """Let the core's commands reach the pins; the self-test has been run."""
        self.hardware.outputs.locked = False

    def switched_on(self):
        """True while a switch that carries current is on, or about to be."""
        outputs = self.hardware.outputs
        return outputs.charge_on or outputs.discharge_on or self.controller.commands.precharge

    def all_off(self):
        """Everything to its rest state, whatever the core thinks."""
        self.hardware.outputs.locked = True
        self.hardware.outputs.all_off()
        if self.page is not None:
            self.page.off()  # a picture that stands still would look like the truth

    def _judge(self, now_ms):
        """Decide, switch, and show by a heartbeat that this half and all before are done."""
        controller = self.controller
        outputs = self.hardware.outputs
        commands = controller.commands
        controller.judge(now_ms)
        outputs.apply(commands)
        commands.reset_short = False
        outputs.heartbeat()
        self._unsettled = True
        self.ticked_ms = clock.now_ms()
        self._judge_ms = (self.ticked_ms - now_ms) & 0x3FFFFFFF

    def _settle(self, now_ms):
        """The other half, after the ports had their turn."""
        controller = self.controller
        commands = controller.commands
        controller.settle(now_ms)
        controller.conditions.watchdog_restart = 0  # that rule has seen it, and may recover
        outputs = self.hardware.outputs
        if outputs.differ(commands):
            outputs.apply(commands)
        self.sampler.apply_balance(commands)
        self.hardware.buzzer.play(commands.buzzer, now_ms)
        self._unsettled = False
        if self.watchdog is not None:
            self.watchdog.feed()
        settle_ms = (clock.now_ms() - now_ms) & 0x3FFFFFFF
        controller.publisher.tick_ms = self._judge_ms + settle_ms

    def _take_over(self):
        """What is held goes on; only if all of it really is, as the gates themselves tell."""
        held, self.held = self.held, 0
        outputs = self.hardware.outputs
        if outputs.read_feedback():
            if outputs.charge_feedback | outputs.discharge_feedback << 1 == held:
                self.controller.take_over(held & 1, held & 2, clock.now_ms())

    def _configure(self):
        """Settings have changed: tell the drivers what is new to them. Allocates.

        Outputs may be on, and somebody may write settings all day: what is measured and what
        was proven must not suffer from a change that does not concern it.
        """
        settings = self.settings
        self._revision = settings.revision
        live = settings.live
        count = live[ids.CELL_COUNT]
        channels = None
        if count and live[ids.CELL_CHANNEL]:
            channels = [live[ids.CELL_CHANNEL + i] - 1 for i in range(count)]
        if self.sampler.configure(count, channels, live[ids.TEMPS_FITTED]):
            self.controller.ready = False  # other cells: complete samples are counted anew
        if self.held:
            self._take_over()
        shunt = self.hardware.shunt
        calibration = (live[ids.CURRENT_OFFSET_MA], live[ids.CURRENT_GAIN_PPM] - _UNITY_PPM)
        if calibration != self._calibration:
            self._calibration = calibration
            shunt.set_calibration(calibration[0], calibration[1])
        peak_ma = live[ids.DISCHARGE_PEAK_MA]
        limits = (min(2 * live[ids.CHARGE_OC_MA], peak_ma), peak_ma)
        if limits != self._limits:
            self._limits = limits
            shunt.set_limits(limits[0], limits[1])
        chip = self.hardware.chip
        if chip is not None:  # the second lock of its cell voltages stands behind level 2
            voltages = (live[ids.CELL_OV2_MV], live[ids.CELL_UV2_MV])
            if voltages != self._voltages:
                self._voltages = voltages
                chip.set_voltages(voltages[0], voltages[1])
