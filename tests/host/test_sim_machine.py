"""The simulated ``machine``, ``time`` and ``select``, as a firmware meets them."""

import pytest
from sim_bench import printed, running

from cellwarden_host.sim.layout import ops


def run(tmp_path, main, time_ms=1000, **options):
    """What ``main`` prints in ``time_ms``, and the plant it ran on."""
    with running(tmp_path, main, **options) as board:
        board.advance(time_ms)
        return printed(board).split("MicroPython")[0], board.plant


EVERY_STEADY_CALL = """
import machine, micropython, time, asyncio
from machine import ADC, I2C, SPI, UART, Pin, WDT
cs = Pin(17, Pin.OUT, value=1)
alert = Pin(6, Pin.IN)
spi = SPI(0, 1_000_000)
i2c = I2C(0, freq=400_000)
adc = ADC(Pin(26))
uart = UART(0, 115200)
enable = Pin(2, Pin.OUT, value=1)
watchdog = WDT(timeout=2000)
out = bytearray(b"0123456789abcdef")
into = bytearray(16)
async def steady():
    for _ in range(3):
        micropython.heap_lock()
        cs.value(0)
        spi.write_readinto(out, into)
        spi.write(out)
        spi.readinto(into)
        cs.value(1)
        alert.value()
        i2c.writeto(0x40, out)
        i2c.readfrom_into(0x40, into)
        adc.read_u16()
        uart.write(out, 5)
        uart.any()
        uart.txdone()
        uart.readinto(into, 16)
        watchdog.feed()
        time.ticks_ms()
        time.ticks_us()
        time.ticks_diff(time.ticks_add(time.ticks_ms(), 5), time.ticks_ms())
        time.sleep_us(50)
        time.sleep_ms(1)
        await asyncio.sleep_ms(5)
        micropython.heap_unlock()
asyncio.run(steady())
print("no allocation")
"""


def test_no_steady_call_allocates(tmp_path):
    text, _ = run(tmp_path, EVERY_STEADY_CALL)
    assert text == "no allocation\n"


def test_spi_reaches_the_selected_device_and_takes_line_time(tmp_path):
    text, plant = run(
        tmp_path,
        """
from machine import SPI, Pin
cs = Pin(17, Pin.OUT, value=1)
spi = SPI(0, baudrate=1_000_000)
into = bytearray(3)
cs(0); spi.write_readinto(b"\\x01\\x02\\x03", into); spi.write(b"\\xaa" * 125); cs(1)
print(into.hex())
spi.readinto(into)
print(into.hex())
""",
    )
    assert text == "fefdfc\nffffff\n"  # inverted; then nobody on the bus
    (frame,) = plant.spi_devices["afe_cs"].frames
    assert [data for _, data in frame[:-1]] == [b"\x01\x02\x03", b"\xaa" * 125]
    assert frame[-1] == "end"
    assert 1000 <= frame[1][0] - frame[0][0] <= 1010  # 125 bytes at 1 Mbit/s


def test_i2c_and_its_missing_device(tmp_path):
    text, _ = run(
        tmp_path,
        """
from machine import I2C
i2c = I2C(0)
print(i2c.scan())
i2c.writeto_mem(0x40, 5, b"ab")
print(i2c.readfrom(0x40, 3), i2c.readfrom_mem(0x40, 7, 2))
try:
    i2c.writeto(0x41, b"x")
except OSError as e:
    print("errno", e.errno)
""",
    )
    assert text == "[64]\nb'\\x05ab' b'\\x07\\x07'\nerrno 5\n"


def test_adc_and_inputs_come_from_the_plant(tmp_path):
    text, _ = run(
        tmp_path,
        """
from machine import ADC, Pin
print(ADC(26).read_u16(), ADC(Pin(27)).read_u16())
print(Pin(7, Pin.IN).value(), Pin(23, Pin.IN, Pin.PULL_UP).value(), Pin(23, Pin.IN).value())
""",
    )
    assert text == "1234 4321\n0 1 0\n"


def test_outputs_reach_the_plant_when_they_change(tmp_path):
    _, plant = run(
        tmp_path,
        """
from machine import PWM, Pin
gate = Pin(10, Pin.OUT, value=0)
gate.on(); gate.value(1); gate.off(); gate.toggle()
buzzer = PWM(Pin(22), freq=2000, duty_u16=32768)
buzzer.duty_u16(0)
gate.init(Pin.IN)
""",
    )
    assert [level for _, level in plant.events("charge_gate")] == [0, 1, 0, 1, 0]
    assert [level for _, level in plant.events("buzzer")] == [1, 0]


def test_a_pin_interrupt_ends_an_idle_and_runs_its_handler(tmp_path):
    main = """
import time
from machine import Pin
pin = Pin(6, Pin.IN)
pin.irq(lambda p: print("fell", p, time.ticks_ms()), Pin.IRQ_FALLING)
print("waiting")
time.sleep_ms(10_000)
"""
    with running(tmp_path, main) as board:
        board.plant.inputs["shunt_alert"] = 1
        board.advance(500)
        board.plant.inputs["shunt_alert"] = 0
        board.advance(500)
        when = int(printed(board).split()[-1])
        assert printed(board).startswith("waiting\nfell Pin(GPIO6)")
        assert 500 <= when <= 503


def test_timers_run_at_their_time_until_stopped(tmp_path):
    text, _ = run(
        tmp_path,
        """
import time
from machine import Timer
start = time.ticks_ms()
seen = []
def ring(timer):
    seen.append(time.ticks_diff(time.ticks_ms(), start))
    if len(seen) == 4:
        timer.deinit()
Timer(period=100, callback=ring)
Timer(mode=Timer.ONE_SHOT, period=250, callback=lambda t: seen.append("once"))
time.sleep_ms(700)
print(seen)
""",
    )
    assert text == "[100, 200, 'once', 300]\n"


def test_ticks_wrap_at_30_bits_and_sleeps_go_across(tmp_path):
    text, _ = run(
        tmp_path,
        """
import time, asyncio
before = time.ticks_ms()
async def nap():
    await asyncio.sleep_ms(400)
asyncio.run(nap())
time.sleep_ms(100)
after = time.ticks_ms()
print(before > 1 << 29, after < 1000, time.ticks_diff(after, before))
""",
        ticks_ms_start=(1 << 30) - 350,
    )
    assert text == "True True 500\n"


def test_a_busy_wait_sees_time_pass(tmp_path):
    text, _ = run(
        tmp_path,
        """
import time
start = time.ticks_ms()
while time.ticks_diff(time.ticks_ms(), start) < 50:
    pass
print("done")
""",
    )
    assert text == "done\n"


def test_asyncio_runs_on_virtual_time(tmp_path):
    text, _ = run(
        tmp_path,
        """
import asyncio, time
async def say(name, delay_ms, times):
    for i in range(times):
        await asyncio.sleep_ms(delay_ms)
        print(name, i)
    return name
async def stuck():
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        print("cancelled")
async def main():
    task = asyncio.create_task(stuck())
    print(await asyncio.gather(say("a", 30, 2), say("b", 20, 3)))
    task.cancel()
    await asyncio.sleep_ms(1)
    event = asyncio.Event()
    async def setter():
        event.set()
    asyncio.create_task(setter())
    await event.wait()
    try:
        await asyncio.wait_for_ms(say("never", 10_000, 1), 50)
    except asyncio.TimeoutError:
        print("timeout")
start = time.ticks_ms()
asyncio.run(main())
print(time.ticks_ms() - start)
""",
    )
    order = ["b 0", "a 0", "b 1", "b 2", "a 1"]
    assert text.split("\n")[0] == order[0]
    assert set(text.split("\n")[:5]) == set(order)
    assert text.split("\n")[5:] == ["['a', 'b']", "cancelled", "timeout", "111", ""]


def test_the_calendar_follows_virtual_time(tmp_path):
    text, _ = run(
        tmp_path,
        """
import time
now = time.time()
time.sleep(100)
print(time.time() - now, time.mktime(time.gmtime(now)) == now)
print(time.gmtime(951782400), time.gmtime(1798761599))
""",
        time_ms=101_000,
    )
    assert text.startswith("100 True\n(2000, 2, 29, 0, 0, 0, 1, 60) (2026, 12, 31, 23, 59, 59")


def test_a_handler_that_raises_is_reported_and_the_firmware_goes_on(tmp_path):
    text, _ = run(
        tmp_path,
        """
import time
from machine import Timer
Timer(mode=Timer.ONE_SHOT, period=10, callback=lambda t: 1 // 0)
time.sleep_ms(50)
print("goes on")
""",
    )
    assert "ZeroDivisionError" in text and text.endswith("goes on\n")


@pytest.mark.parametrize(
    "call, cause",
    [("machine.reset()", ops.HARD_RESET), ("machine.deepsleep(500)", ops.DEEPSLEEP_RESET)],
)
def test_a_hard_reset_drops_the_pins_and_tells_its_cause(tmp_path, call, cause):
    main = f"""
import machine, time
print("cause", machine.reset_cause(), time.ticks_ms())
gate = machine.Pin(10, machine.Pin.OUT)
print("was", gate.value())
gate.on()
time.sleep_ms(100)
if machine.reset_cause() == machine.PWRON_RESET:
    {call}
"""
    with running(tmp_path, main) as board:
        board.advance(2000)
        assert printed(board).startswith(f"cause 1 150\nwas 0\ncause {cause} 150\nwas 0\n")
        assert [level for _, level in board.plant.events("charge_gate")] == [0, 1, 0, 0, 1]
        assert [cause for _, cause in board.resets] == [ops.PWRON_RESET, cause]


def test_a_soft_reset_keeps_the_pins(tmp_path):
    main = """
import machine, time
print("cause", machine.reset_cause(), time.ticks_ms())
gate = machine.Pin(10, machine.Pin.OUT)
print("was", gate.value())
gate.on()
time.sleep_ms(100)
if machine.reset_cause() == machine.PWRON_RESET:
    machine.soft_reset()
"""
    with running(tmp_path, main) as board:
        board.advance(1000)
        assert printed(board).startswith(
            "cause 1 150\nwas 0\nMPY: soft reboot\ncause 5 250\nwas 1\n"
        )
        assert [level for _, level in board.plant.events("charge_gate")] == [0, 1]
        assert board.plant.events("reset") == []


def test_main_does_not_run_when_boot_fails(tmp_path):
    with running(tmp_path, "print('main')", "print('boot')\n1 // 0") as board:
        board.advance(300)
        text = printed(board)
        assert text.startswith("boot\n") and "ZeroDivisionError" in text
        assert "main\n" not in text and text.endswith(">>> ")


def test_a_late_answer_is_not_taken_for_the_next_one(tmp_path):
    text, _ = run(
        tmp_path,
        """
import simlink, simops
from machine import ADC, I2C
i2c = I2C(0)
i2c.writeto(0x40, b"ab")
simlink.tx[0] = simops.ADC
simlink.tx[1] = simlink._seq + 1
simlink.tx[2] = 26
simlink.busy = True
simlink.port.write(simlink.tx, 8)  # asked, and struck by Ctrl-C before the answer came
print(i2c.readfrom(0x40, 4), ADC(27).read_u16())
""",
    )
    assert text == "b'abab' 4321\n"
