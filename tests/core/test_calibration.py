"""Calibration of the current: what makes a zero and a gain, and what is refused."""

from map_bench import BEGIN, board, open_bench

from cellwarden import calibration, ids
from cellwarden.calibration import Calibration
from cellwarden.readings import Readings
from cellwarden.refusals import BAD_VALUE, BUSY, DONE, NOT_ALLOWED

ZERO = 0x2007
GAIN = 0x2008
WINDOW = 0x2006
RATING_MA = board.RATING_MA
SMALL_MA = RATING_MA // 10
UNITY = 1_000_000


class Meter:
    """A current that is sampled; ``c`` is the calibration that looks on."""

    def __init__(self):
        self.c = Calibration(board)
        self.readings = Readings()
        self.off = True

    def show(self, current_ma, samples=calibration.MEAN_SAMPLES + 1):
        """The first sample may begin anew."""
        for _ in range(samples):
            self.readings.current_ma.put(current_ma, 0)
            self.c.sample(self.readings, self.off)
        return self.c

    def zeroed(self, offset_ma=0):
        c = self.show(offset_ma)
        assert c.zero(0, UNITY)[0] == calibration.OK
        self.off = False
        return self


def test_the_zero_is_the_mean_of_what_is_measured_with_everything_off():
    m = Meter()
    for i in range(calibration.MEAN_SAMPLES + 1):
        m.show(1500 + (i % 3 - 1) * 60, 1)
    result, offset_ma = m.c.zero(0, UNITY)
    assert result == calibration.OK and abs(offset_ma - 1500) <= 5


def test_a_zero_taken_again_adds_to_the_old_one_before_the_gain():
    m = Meter()
    m.show(54)
    assert m.c.zero(1000, 1_080_000) == (calibration.OK, 1050)


def test_no_zero_while_outputs_are_on_or_before_there_is_a_mean():
    m = Meter()
    m.show(0, calibration.MEAN_SAMPLES - 1)
    assert m.c.zero(7, UNITY) == (calibration.REFUSED_NO_MEAN, 7)
    m.off = False
    m.show(0)
    assert m.c.zero(7, UNITY) == (calibration.REFUSED_NO_MEAN, 7)


def test_a_zero_as_large_as_a_current_is_refused():
    most_ma = RATING_MA // 50
    for offset_ma, result in (
        (most_ma, calibration.OK),
        (-most_ma, calibration.OK),
        (most_ma + 10, calibration.REFUSED_IMPLAUSIBLE),
        (-most_ma - 10, calibration.REFUSED_IMPLAUSIBLE),
    ):
        assert Meter().show(offset_ma).zero(0, UNITY)[0] == result
    # in small steps neither
    assert Meter().show(200).zero(most_ma - 100, UNITY)[0] == calibration.REFUSED_IMPLAUSIBLE


def test_a_gain_makes_the_mean_the_truth():
    for shown_ma, true_ma in ((-43_200, -40_000), (37_000, 40_000), (-40_000, -40_000)):
        m = Meter().zeroed()
        m.show(shown_ma)
        result, gain_ppm = m.c.gain(true_ma, UNITY)
        assert result == calibration.OK
        assert abs(shown_ma * gain_ppm // UNITY - true_ma) <= 1
    m = Meter().zeroed()
    m.show(-41_000)
    assert m.c.gain(-40_000, 1_100_000) == (calibration.OK, 1_100_000 * 40 // 41)


def test_a_gain_needs_a_zero_first_and_a_load_of_two_amperes():
    m = Meter()
    m.show(-10_000)
    assert m.c.gain(-10_000, UNITY)[0] == calibration.REFUSED_NO_ZERO
    m = Meter().zeroed()
    m.show(-1_999)
    assert m.c.gain(-1_999, UNITY)[0] == calibration.REFUSED_SMALL
    m.show(-2_000)
    assert m.c.gain(-2_000, UNITY)[0] == calibration.OK


def test_an_implausible_gain_is_refused():
    for shown_ma, true_ma in (
        (-40_000, -48_100),  # more than a fifth too little
        (-40_000, -31_900),
        (40_000, -40_000),  # the wrong way round
        (0, -40_000),  # nothing flows
        (-10, -40_000),
    ):
        m = Meter().zeroed()
        m.show(shown_ma)
        assert m.c.gain(true_ma, UNITY) == (calibration.REFUSED_IMPLAUSIBLE, UNITY), shown_ma
    # a fifth in all, not a fifth a time
    m = Meter().zeroed()
    m.show(-40_000)
    assert m.c.gain(-44_000, 1_150_000)[0] == calibration.REFUSED_IMPLAUSIBLE


def test_a_load_below_a_tenth_of_the_rating_corrects_three_percent_at_most():
    m = Meter().zeroed()
    m.show(-(SMALL_MA - 1000) * 90 // 100)
    assert m.c.gain(-(SMALL_MA - 1000), UNITY) == (calibration.OK, 1_030_000)
    m.show(-(SMALL_MA - 1000) * 90 // 100)
    assert m.c.gain(-(SMALL_MA - 1000), 1_030_000) == (calibration.OK, 1_030_000), "nor twice"
    m.show(-2200)
    assert m.c.gain(-2000, UNITY) == (calibration.OK, 970_000)
    m.show(-2020)
    result, gain_ppm = m.c.gain(-2000, UNITY)
    assert result == calibration.OK and abs(gain_ppm - 990_100) < 10, "within 3 % it is taken"
    m.show(-SMALL_MA * 90 // 100)
    assert m.c.gain(-SMALL_MA, UNITY)[1] > 1_110_000, "a tenth is enough"


def test_a_small_load_does_not_spoil_what_a_large_one_has_shown():
    m = Meter().zeroed()
    m.show(-2200)
    assert m.c.gain(-2000, 920_000) == (calibration.OK, 920_000), "no further away"
    m.show(-1800)
    assert m.c.gain(-2000, 920_000) == (calibration.OK, 950_000), "and back by 3 % at most"


def test_a_current_that_moves_has_no_mean():
    m = Meter().zeroed()
    step_ma = 40_000 // 10
    for i in range(200):  # a load that switches
        m.show(-40_000 + (i // 20 % 2) * step_ma, 1)
    assert m.c.gain(-40_000, UNITY)[0] == calibration.REFUSED_NO_MEAN
    m.show(-40_000)
    assert m.c.mean_known
    m.show(-30_000, 1)
    assert not m.c.mean_known, "the mean of another current is none of this one"


def test_noise_of_the_meter_is_steady_enough():
    m = Meter().zeroed()
    for i in range(calibration.MEAN_SAMPLES + 1):
        m.show(-2000 + (i * 37 % 101 - 50) * 3, 1)  # 150 mA either way
    assert m.c.mean_known


def test_a_mean_ends_with_its_measurement_and_with_a_switch():
    for lose in (True, False):
        m = Meter()
        m.show(100)
        assert m.c.mean_known
        if lose:
            m.readings.current_ma.miss()
        else:
            m.off = False
        m.c.sample(m.readings, m.off)
        assert not m.c.mean_known


def test_one_sample_is_not_counted_twice():
    m = Meter()
    m.readings.current_ma.put(0, 0)
    for _ in range(3 * calibration.MEAN_SAMPLES):
        m.c.sample(m.readings, True)
    assert not m.c.mean_known


def test_after_a_zero_or_a_gain_the_mean_is_made_anew():
    m = Meter().zeroed(120)
    assert not m.c.mean_known
    m.show(-43_000)
    m.c.gain(-40_000, UNITY)
    assert not m.c.mean_known


def test_the_window_ends_after_ten_minutes_across_the_wrap_of_the_clock():
    c = Calibration(board)
    start_ms = (1 << 30) - 100_000
    c.open_window(start_ms, 2)
    at_ms = (start_ms + calibration.WINDOW_MS - 1) & 0x3FFFFFFF
    assert c.window_open(at_ms) and c.window_left_s(at_ms) == 0
    assert c.window_left_s(start_ms) == 600
    assert not c.window_open((at_ms + 1) & 0x3FFFFFFF)
    assert not c.window_open(start_ms), "once over it stays over"


def measure(b, current_ma, outputs_off=True):
    for _ in range(calibration.MEAN_SAMPLES + 1):
        b.controller.readings.current_ma.put(current_ma, b.now_ms)
        b.controller.calibration.sample(b.controller.readings, outputs_off)


def test_an_installer_calibrates_by_zero_and_a_known_load():
    b = open_bench()
    value = b.settings.value
    assert b.write(GAIN, 0, 10_000) == NOT_ALLOWED  # the zero comes first
    assert b.write(ZERO, 1) == BUSY  # nothing measured yet
    measure(b, 120)
    assert b.write(ZERO, 1) == DONE and value[ids.CURRENT_OFFSET_MA] == 120
    assert not value[ids.CURRENT_CALIBRATED]
    assert b.write(ZERO, 1) == BUSY  # asked again: measured with the old zero
    assert b.write(WINDOW, 1) == DONE
    measure(b, -49_000, False)
    b.controller.commands.discharge = True
    assert b.write(ZERO, 1) == NOT_ALLOWED  # that is no zero
    true_ma = -50_000
    assert b.write(GAIN, 0, 1_999) == BAD_VALUE  # below 2 A
    assert b.write(GAIN, 0, 50_000) == BAD_VALUE  # the wrong way round
    assert b.controller.calibration.window_open(b.now_ms)
    assert b.write(GAIN, true_ma >> 16 & 0xFFFF, true_ma & 0xFFFF) == DONE
    assert value[ids.CURRENT_CALIBRATED] and value[ids.CURRENT_GAIN_PPM] > 1_000_000
    assert not b.controller.calibration.window_open(b.now_ms), "it has served its purpose"


def test_no_zero_is_taken_while_the_heater_runs():
    b = open_bench()
    measure(b, -2000)
    b.controller.commands.heater = True
    assert b.write(ZERO, 1) == NOT_ALLOWED
    assert b.settings.value[ids.CURRENT_OFFSET_MA] == 0


def test_an_implausible_zero_changes_nothing():
    b = open_bench()
    measure(b, RATING_MA // 50 + 100)
    assert b.write(ZERO, 1) == BAD_VALUE
    assert b.settings.value[ids.CURRENT_OFFSET_MA] == 0
    assert b.write(GAIN, 0, 10_000) == NOT_ALLOWED, "so the gain still lacks a zero"


def test_calibration_waits_for_an_open_transaction():
    b = open_bench()
    measure(b, 120)
    b.write(BEGIN, 1)
    assert b.write(ZERO, 1) == BUSY
    b.write(BEGIN, 0)
    assert b.write(ZERO, 1) == DONE


def test_the_calibration_window_opens_and_closes():
    b = open_bench()
    c = b.controller.calibration
    assert b.write(WINDOW, 1) == DONE and c.window_open(b.now_ms)
    assert b.write(WINDOW, 0) == DONE and not c.window_open(b.now_ms)
