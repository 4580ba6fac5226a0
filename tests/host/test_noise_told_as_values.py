"""Values that no board can hold are told as what they are, and nothing is built on them."""

import pytest

from cellwarden_host import catalog, journal_words, rehearsal
from cellwarden_host.board import Values
from cellwarden_host.problems import NoConnection, Refused


def board_tells(**counts):
    values = Values()
    for row in rehearsal.NEEDED:
        values.set(row, [None] * row.count)
    values.set(catalog.SETTING["chemistry"], [0])
    good = rehearsal.core(values)
    for key, place in rehearsal._AT.items():
        values.all(key[0])[key[1]] = good.value[place]
    for name, count in counts.items():
        values.all(name)[0] = count
    return values


NOISE = [("capacity_mah", 0xFFFF_FFFF), ("cell_count", 0x7FFF_FFFF), ("chemistry", 60_000)]


def test_settings_of_a_board_that_answers_are_played():
    assert rehearsal.play(board_tells(), {}).problem is None


@pytest.mark.parametrize(("name", "count"), NOISE)
def test_a_setting_that_cannot_be_is_refused_by_name(name, count):
    before = board_tells(**{name: count})
    played = rehearsal.play(before, {})
    assert played.at == (name, 0) and name in str(played.problem)
    assert rehearsal.defaults(before) and played.live
    with pytest.raises(Refused, match=name):
        rehearsal.rehearse(before, {("confirmed", 0): 0})


def test_it_can_be_written_anew():
    before = board_tells(cell_count=0x7FFF_FFFF)
    (change,) = rehearsal.rehearse(before, {("cell_count", 0): 20})
    assert change.row.name == "cell_count"


def test_a_rating_that_cannot_be_is_not_known():
    assert rehearsal.play(board_tells(board_rating_ma=0xFFFF_FFFF), {}).problem is None


def test_a_journal_that_cannot_be_is_a_broken_line():
    for first, following in ((4_294_901_760, 4_294_901_761), (0, 0xFFFF_FFFF)):
        with pytest.raises(NoConnection, match="journal entry"):
            list(journal_words.fetch(None, first, following))
