"""Virtual time and its alarms."""

from cellwarden_host.sim.clock import Clock


def test_alarms_ring_in_order_each_at_its_own_time():
    clock = Clock()
    rung = []
    for name, due_us in (("late", 300), ("early", 100), ("beyond", 900)):
        clock.set(name, due_us, lambda name=name: rung.append((clock.now_us, name)))
    clock.advance_to(500)
    assert rung == [(100, "early"), (300, "late")]
    assert clock.now_us == 500
    assert clock.next_us == 900


def test_an_alarm_set_again_rings_once_at_the_newer_time():
    clock = Clock()
    rung = []
    clock.set("dog", 100, lambda: rung.append(clock.now_us))
    clock.set("dog", 250, lambda: rung.append(clock.now_us))
    clock.advance_to(1000)
    assert rung == [250]


def test_an_alarm_may_set_itself_again_while_time_passes():
    clock = Clock()
    rung = []

    def ring():
        rung.append(clock.now_us)
        clock.set("period", clock.now_us + 100, ring)

    clock.set("period", 100, ring)
    clock.advance_to(350)
    assert rung == [100, 200, 300]


def test_a_cancelled_alarm_is_silent():
    clock = Clock()
    clock.set("a", 100, lambda: 1 / 0)
    clock.cancel("a")
    clock.advance_to(200)
    assert clock.due("a") is None


def test_time_never_goes_back():
    clock = Clock()
    clock.advance_to(500)
    clock.advance_to(100)
    assert clock.now_us == 500
