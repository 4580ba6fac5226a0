"""From reset to a board at work: outputs off, settings, self-test, then the tasks.

``run`` is all that main.py calls. However it ends (Ctrl-C, an exception, a restart command),
the outputs are locked off first and the reason is kept. A board that crashes again right after
a crash stays at the prompt, locked off, instead of wearing out its flash.
"""

import asyncio
import os
import sys

import machine

import board
import loader
from cellwarden import ids
from cellwarden.access import Access
from cellwarden.register_map import RegisterMap
from cellwarden.settings import Settings
from firmware import chip_test, clock, restart, version
from firmware.application import Application
from firmware.persistence import Persistence
from firmware.ports import ModbusPort
from firmware.tasks import Tasks
from loader import safe_state

PORT_CHARGER = 1
PORT_PC = 2


def _texts(register_map):
    put = register_map.set_text
    put(ids.T_PRODUCT, version.PRODUCT)
    put(ids.T_FIRMWARE_VERSION, version.VERSION)
    put(ids.T_BOARD_NAME, board.NAME)
    put(ids.T_MACHINE_CODE, "".join("%02x" % b for b in machine.unique_id()))


def _slots(out):
    """What the loader knows of the two slots; no slot runs when it was not the loader's start."""
    if loader.slot:
        out[ids.R_SLOT_RUNNING] = int(loader.slot == "b")
        out[ids.R_SLOT_TRIAL] = int(loader.trial)
        out[ids.R_SLOT_OTHER_STATE] = loader.other_state
        out[ids.R_SLOT_OTHER_VERSION] = loader.other_version
    out[ids.R_UPDATE_STATE] = ids.UPDATE_STATE_IS_NONE
    out[ids.R_HOLD_FITTED] = int(board.HOLD_FITTED)


def build():
    """Everything allocated and loaded, outputs off: an (application, tasks) pair."""
    now_ms = clock.now_ms()
    settings = Settings(board)
    access = Access(os.urandom)
    application = Application(board, machine, settings, access, now_ms)
    persistence = Persistence()
    persistence.load_settings(settings)
    persistence.load_access(access, now_ms)
    controller = application.controller
    cause = restart.cause()
    persistence.load_state(controller, now_ms, restart.slept_ms)
    application.held = restart.held
    register_map = RegisterMap(controller)
    _texts(register_map)
    _slots(controller.publisher.readout)
    controller.publisher.restart_cause = cause
    controller.conditions.watchdog_restart = int(cause == ids.RESTART_CAUSE_IS_WATCHDOG)
    controller.conditions.self_test_failures = chip_test.failures(application.hardware)
    controller.sleep.woken = cause == ids.RESTART_CAUSE_IS_SLEEP
    if cause != ids.RESTART_CAUSE_IS_POWER:
        controller.switchgear.precharge.assume_hot()
    if cause != ids.RESTART_CAUSE_IS_SLEEP:
        controller.journal.note(ids.KIND_START, controller, value=cause)
    if loader.failed_why:
        failed, why = loader.failed_version, loader.failed_why
        controller.journal.note(ids.KIND_ROLLBACK, controller, limit=failed, value=why)
    timers = getattr(board, "TIMERS", (-1, -1, -1))
    uart_1, uart_2, pins = board.RS485_1_UART, board.RS485_2_UART, board.PINS
    ports = [
        ModbusPort(machine, uart_1, pins, "rs485_1", register_map, PORT_CHARGER, timers[1]),
        ModbusPort(machine, uart_2, pins, "rs485_2", register_map, PORT_PC, timers[2]),
    ]
    if "display_tx" in pins:
        from firmware.display_port import display_port

        ports.append(display_port(board, machine, register_map))
    if hasattr(board, "OLED_ADDRESS"):
        from firmware.oled_page import OledPage

        application.page = OledPage(application.hardware.i2c, board.OLED_ADDRESS, controller)
    tasks = Tasks(application, persistence, ports)
    if getattr(board, "BLE", False):
        from firmware.ble import fit

        tasks.bluetooth = fit(controller, register_map, persistence, application.page, now_ms)
    if loader.trial or loader.failed_why:
        from firmware.trial import Trial

        heard = ports[:2] if tasks.bluetooth is None else ports[:2] + [tasks.bluetooth]
        tasks.trial = Trial(application, heard)
    return application, tasks


def run():
    """Build the board and work until something ends it; outputs are locked off then."""
    application = None
    try:
        application, tasks = build()
        watchdog = safe_state.release()
        application.watchdog = watchdog or machine.WDT(timeout=board.WATCHDOG_MS)
        application.unlock()
        asyncio.run(tasks.run())
    except Exception as error:
        _stop(application)
        sys.print_exception(error)
        again = restart.crashed(error)
        loader.ended(True)  # on trial this was its last start
        if again:
            machine.reset()
    finally:
        _stop(application)


def _stop(application):
    if application is not None:
        application.all_off()
    safe_state.lock_off()
