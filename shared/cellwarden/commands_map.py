"""Commands as registers: who may give them, on which port, with which values, and what they do.

Everything general (role, port, range) is read from the schema; a handler only acts, and returns
an exception code. No handler switches an output on: commands ask parts of the controller or
set ``controller.requests`` for the firmware.
"""

from . import access as roles
from . import calibration, ids, packed
from . import schema_data as schema
from .refusals import BAD_VALUE, BUSY, DONE, NO_ADDRESS, NOT_ALLOWED
from .settings import BOARD, NOBODY
from .settings_map import number

_HOLE = 0xFF
_COUNT = len(schema.COMMAND_REGISTERS)
_PASSWORD_BYTES = 16
_RESPONSE_BYTES = 32
_UPDATE_MOST = 1_000_000
# Not written to the journal: asked all the time, or journalled as what comes of them.
_QUIET = (
    ids.C_BEGIN,
    ids.C_COMMIT,
    ids.C_PRESET,
    ids.C_LOGIN_ROLE,
    ids.C_LOGIN_RESPONSE,
    ids.C_LOGOUT,
    ids.C_NEW_PASSWORD,
    ids.C_FIRST_FACTORY_PASSWORD,
    ids.C_LEASE_PASSWORD,
    ids.C_CHARGER_HELLO,
    ids.C_BLUETOOTH_FORGET,
    ids.C_BLUETOOTH_NEW_PASSKEY,  # never: anybody may read the journal
)


class CommandsMap:
    """Carries out writes to command registers."""

    def __init__(self, controller, settings_map):
        self._c = controller
        self._access = controller.access
        self._map = settings_map
        end = 0
        for i in range(_COUNT):
            end = max(end, packed.u16(schema.COMMAND_ADDRESS, i) + schema.COMMAND_REGISTERS[i])
        self._at = bytearray([_HOLE] * (end - schema.COMMANDS_BASE))
        for i in range(_COUNT):
            first = packed.u16(schema.COMMAND_ADDRESS, i) - schema.COMMANDS_BASE
            for j in range(schema.COMMAND_REGISTERS[i]):
                self._at[first + j] = i
        self._handlers = {
            ids.C_BEGIN: self._begin,
            ids.C_COMMIT: self._commit,
            ids.C_PRESET: self._preset,
            ids.C_CLEAR_LATCHES: self._clear_latches,
            ids.C_RESTART: self._restart,
            ids.C_FACTORY_RESET: self._factory_reset,
            ids.C_CALIBRATION_WINDOW: self._calibration_window,
            ids.C_TAKE_ZERO: self._take_zero,
            ids.C_TAKE_GAIN_MA: self._take_gain,
            ids.C_SET_SOC_PERMILLE: self._set_soc,
            ids.C_CONFIRM_DEEP_DISCHARGE: self._confirm_deep_discharge,
            ids.C_SELF_TEST: self._self_test,
            ids.C_DISCONNECT_REPLACED: self._disconnect_replaced,
            ids.C_LOGIN_ROLE: self._login_role,
            ids.C_LOGIN_RESPONSE: self._login_response,
            ids.C_LOGOUT: self._logout,
            ids.C_NEW_PASSWORD: self._new_password,
            ids.C_FIRST_FACTORY_PASSWORD: self._first_factory_password,
            ids.C_CHARGER_HELLO: self._charger_hello,
            ids.C_SLEEP: self._sleep,
            ids.C_UPDATE_BEGIN: self._update_begin,
            ids.C_UPDATE_CANCEL: self._update_cancel,
            ids.C_UPDATE_SWITCH: self._update_switch,
            ids.C_UPDATE_MENU: self._update_menu,
            ids.C_LEASE_PASSWORD: self._lease_password,
            ids.C_TELL_DATE: self._tell_date,
            ids.C_BLUETOOTH_FORGET: self._bluetooth_forget,
            ids.C_BLUETOOTH_NEW_PASSKEY: self._bluetooth_new_passkey,
        }

    def index_at(self, address):
        """Command that has this register, or -1."""
        at = address - schema.COMMANDS_BASE
        if not 0 <= at < len(self._at) or self._at[at] == _HOLE:
            return -1
        return self._at[at]

    def write(self, address, count, data, offset, port):
        """Carry out one command; it takes exactly its own registers."""
        command = self.index_at(address)
        if command < 0 or self.index_at(address + count - 1) != command:
            return NO_ADDRESS
        if not self._may(command, port):
            return NOT_ALLOWED
        registers = schema.COMMAND_REGISTERS[command]
        if address != packed.u16(schema.COMMAND_ADDRESS, command) or count != registers:
            return BAD_VALUE
        low = packed.s32(schema.COMMAND_MIN, command)
        value = number(data, offset, min(registers, 2), low < 0)
        if registers <= 2 and not low <= value <= packed.s32(schema.COMMAND_MAX, command):
            return BAD_VALUE
        code = self._handlers[command](value, data, offset, port)
        if code == DONE:
            if self._access.role(port):
                self._access.touch(port, self._access.now_ms)
            if command not in _QUIET:
                self._c.journal.note(ids.KIND_COMMAND, self._c, address, value, port)
        return code

    def _may(self, command, port):
        if command == ids.C_CHARGER_HELLO:
            return port == roles.PORT_CHARGER
        if port == roles.PORT_CHARGER:
            return False
        if schema.COMMAND_PC_ONLY[command] and port != roles.PORT_PC:
            return False
        return self._access.may(port, schema.COMMAND_ROLE[command])

    # --- settings

    def _begin(self, value, _data, _offset, port):
        settings = self._c.settings
        if self._map.is_busy(port):
            return BUSY
        if value:
            settings.begin(port)
        else:
            settings.abort()
        return DONE

    def _commit(self, _value, _data, _offset, port):
        return self._map.commit(port)

    def _preset(self, value, _data, _offset, port):
        if self._map.is_busy(port):
            return BUSY
        if self._c.settings.owner == NOBODY:
            return NOT_ALLOWED
        self._c.settings.preset(value)
        return DONE

    # --- the board

    def _clear_latches(self, _value, _data, _offset, _port):
        self._c.clear_latches(self._access.now_ms)
        return DONE

    def _confirm_deep_discharge(self, _value, _data, _offset, _port):
        self._c.protection.take_on(ids.RULE_DEEP_DISCHARGE, self._access.now_ms)
        self._c.protection.take_on(ids.RULE_CELL_UV2, self._access.now_ms)
        return DONE

    def _restart(self, _value, _data, _offset, _port):
        self._c.requests.restart = True
        return DONE

    def _sleep(self, _value, _data, _offset, _port):
        return DONE if self._c.ask_for_sleep() else NOT_ALLOWED

    def _factory_reset(self, _value, _data, _offset, _port):
        if not self._map.outputs_off():
            return NOT_ALLOWED
        self._c.settings.factory_reset(True)
        self._access.factory_reset()
        if self._c.bluetooth is not None:
            self._c.bluetooth.forget()
            self._c.bluetooth.new_passkey(0)
        self._c.requests.save_settings = True
        self._c.requests.factory_reset = True
        return DONE

    def _self_test(self, _value, _data, _offset, _port):
        if not self._map.outputs_off():
            return NOT_ALLOWED
        self._c.requests.self_test = True
        return DONE

    def _disconnect_replaced(self, _value, _data, _offset, _port):
        self._c.switchgear.disconnect_replaced(self._c.commands)
        self._c.requests.save_state = True
        return DONE

    def _set_soc(self, value, _data, _offset, _port):
        self._c.estimator.set_soc(value)
        self._c.requests.save_state = True
        return DONE

    # --- firmware updates; the firmware loads what carries them out

    def _update_begin(self, value, data, offset, _port):
        requests = self._c.requests
        if not 0 < value <= _UPDATE_MOST:
            return BAD_VALUE
        if requests.update:
            return BUSY
        requests.update = value
        requests.update_id = number(data, offset + 4, 1, False)
        requests.update_older = number(data, offset + 6, 1, False) == 1
        return DONE

    def _update_cancel(self, _value, _data, _offset, _port):
        if self._c.updater is not None:
            self._c.updater.cancel()
        return DONE

    def _update_switch(self, value, _data, _offset, _port):
        updater = self._c.updater
        return NOT_ALLOWED if updater is None else updater.switch(value == 2)

    def _update_menu(self, _value, _data, _offset, _port):
        self._c.requests.menu = self._c.requests.restart = True
        return DONE

    def write_image(self, address, count, data, offset, port):
        """A piece of a live update's image."""
        if address != schema.UPDATE_WINDOW_BASE or count < 3:
            return NO_ADDRESS
        updater = self._c.updater
        if updater is None or self._access.role(port) < ids.ROLE_INSTALLER:
            return NOT_ALLOWED
        if data[offset]:
            return BAD_VALUE  # no image is that long
        return updater.take(number(data, offset, 2, False), data, offset + 4, 2 * count - 4)

    # --- calibration of the current

    def _calibration_window(self, value, _data, _offset, port):
        if value:
            self._c.calibration.open_window(self._access.now_ms, port)
        else:
            self._c.calibration.close_window()
        return DONE

    def _take_zero(self, _value, _data, _offset, _port):
        if self._map.is_busy(BOARD):
            return BUSY
        # The heater hangs between shunt and switches: with it on, there is a current.
        if not self._map.outputs_off() or self._c.commands.heater:
            return NOT_ALLOWED
        live = self._c.settings.live
        result, offset_ma = self._c.calibration.zero(
            live[ids.CURRENT_OFFSET_MA], live[ids.CURRENT_GAIN_PPM]
        )
        if result != calibration.OK:
            return _calibration_refusal(result)
        return self._map.write(((ids.CURRENT_OFFSET_MA, offset_ma),), BOARD)

    def _take_gain(self, value, _data, _offset, _port):
        if self._map.is_busy(BOARD):
            return BUSY
        live = self._c.settings.live
        result, gain_ppm = self._c.calibration.gain(value, live[ids.CURRENT_GAIN_PPM])
        if result != calibration.OK:
            return _calibration_refusal(result)
        changes = ((ids.CURRENT_GAIN_PPM, gain_ppm), (ids.CURRENT_CALIBRATED, 1))
        code = self._map.write(changes, BOARD)
        if code == DONE:
            self._c.calibration.close_window()  # it has served its purpose
        return code

    # --- access

    def _login_role(self, value, _data, _offset, port):
        result = self._access.challenge(port, value, self._access.now_ms)
        return DONE if result == roles.OK else NOT_ALLOWED

    def _login_response(self, _value, data, offset, port):
        access = self._access
        self._map.drop_orphaned()  # a new session does not go on with an old one's writes
        answer = bytes(data[offset : offset + _RESPONSE_BYTES])
        role = access.asked_role(port)
        result = access.respond(port, answer, access.now_ms)
        if result == roles.OK:
            self._c.journal.note(ids.KIND_LOGIN, self._c, 0, role, port)
            return DONE
        if result == roles.WRONG:
            tries = access.wrong_tries(port)
            self._c.journal.note(ids.KIND_LOGIN_FAILED, self._c, tries, role, port)
            return BAD_VALUE
        return NOT_ALLOWED

    def _logout(self, _value, _data, _offset, port):
        self._access.logout(port)
        self._map.drop_orphaned()
        return DONE

    def _new_password(self, _value, data, offset, port):
        padded = bytes(data[offset : offset + _PASSWORD_BYTES])
        role = self._access.role(port)
        return self._password_set(self._access.set_password(port, padded), role, port)

    def _first_factory_password(self, _value, data, offset, port):
        if self._c.settings.commissioned:
            return NOT_ALLOWED
        padded = bytes(data[offset : offset + _PASSWORD_BYTES])
        result = self._access.set_first_factory_password(padded)
        return self._password_set(result, ids.ROLE_FACTORY, port)

    def _lease_password(self, _value, data, offset, port):
        padded = bytes(data[offset : offset + _PASSWORD_BYTES])
        result = self._access.set_lease_password(port, padded)
        return self._password_set(result, ids.ROLE_LESSOR, port)

    def _tell_date(self, value, _data, _offset, port):
        if not self._c.lease.tell_date(value, self._access.may(port, ids.ROLE_LESSOR)):
            return NOT_ALLOWED
        self._c.requests.save_state = True
        return DONE

    def _bluetooth_forget(self, _value, _data, _offset, _port):
        if self._c.bluetooth is None:
            return NOT_ALLOWED
        self._c.bluetooth.forget()
        return DONE

    def _bluetooth_new_passkey(self, value, _data, _offset, _port):
        if self._c.bluetooth is None:
            return NOT_ALLOWED
        self._c.bluetooth.new_passkey(value)
        return DONE

    def _password_set(self, result, role, port):
        if result == roles.OK:
            self._c.journal.note(ids.KIND_PASSWORD, self._c, 0, role, port)
            return DONE
        return BAD_VALUE if result == roles.BAD_PASSWORD else NOT_ALLOWED

    # --- the charger

    def _charger_hello(self, _value, data, offset, _port):
        state = number(data, offset, 1, False)
        charger_10mv = number(data, offset + 2, 1, False)
        charger_da = number(data, offset + 4, 1, True)
        self._c.charger_link.hello(self._access.now_ms, state, charger_10mv, charger_da)
        return DONE


def _calibration_refusal(result):
    """Too early to ask, the wrong order, or a figure that cannot be."""
    if result == calibration.REFUSED_NO_MEAN:
        return BUSY
    return NOT_ALLOWED if result == calibration.REFUSED_NO_ZERO else BAD_VALUE
