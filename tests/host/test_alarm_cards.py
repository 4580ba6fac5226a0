"""The cards of the active alarms: a rule that flaps builds its own card anew, and no other."""

from types import SimpleNamespace

from nicegui import Client
from nicegui.page import page
from test_monitor_states import seen

from cellwarden_host.web.tabs import alarm_active, alarm_list


def test_only_the_card_of_the_rule_that_flaps_is_built():
    with Client(page("/")):
        cards = alarm_active.Active(SimpleNamespace(tr=str))

        def shown(*rules):
            cards.show(alarm_list.active(seen(list(rules)), (), "en"))
            assert list(cards._box.default_slot.children) == [
                cards._cards[a.now.rule.name].element
                for a in alarm_list.active(seen(list(rules)), (), "en")
            ]
            return {name: card.element.id for name, card in cards._cards.items()}

        first = shown("cell_uv1", "cell_ov1")
        assert first.keys() == {"cell_uv1", "cell_ov1"}
        for _ in range(3):
            assert shown("cell_uv1") == {"cell_uv1": first["cell_uv1"]}
            assert shown("cell_uv1", "cell_ov1")["cell_uv1"] == first["cell_uv1"]
        assert shown() == {}
