"""Facts about the board itself that rules judge, told by the firmware and the controller.

Every field rests at the value that keeps the board off until somebody knows better; 0 is the
harmless value. Nothing here decides anything.
"""


class Conditions:
    """One field a fact; each is judged by the rule of the same quantity."""

    def __init__(self):
        self.settings_lost = 0
        self.uncommissioned = 1
        self.uncalibrated = 1
        self.self_test_failures = 0
        self.lease_over = 0
        self.watchdog_restart = 0
        self.tick_late_ms = 0
        self.charger_silent = 0
        self.heater_fault = 0
        self.factory_password = 1
        self.no_secondary = 0
        self.storage_failed = 0
        self.state_lost = 0  # what was latched before the restart is not known
