"""What the board keeps on flash: settings, access, state and journal, in /data.

Called between ticks only, one piece at a time, because writing flash stops some processors for
tens of milliseconds. A board whose settings cannot be read starts uncommissioned and says that
they were lost; nothing that fails here ever reaches the tick as an exception.
"""

from cellwarden import migration, state_record
from cellwarden.journal import ENTRIES
from cellwarden.ticks import elapsed_ms
from firmware.journal_files import JournalFiles
from firmware.records import RecordStore, ensure_folder

_STATE_PERIOD_MS = 300_000
_STATE_SPACING_MS = 2_000
_JOURNAL_BATCH = 8
_RETRY_MS = 5_000


class Persistence:
    """Loads at start, then saves whatever ``controller.requests`` asks for."""

    def __init__(self, folder="/data"):
        ensure_folder(folder)
        ensure_folder(folder + "/journal")
        self._folder = folder
        self._settings = self._store("settings")
        self._access = self._store("access")
        self._state = self._store("state")
        self.journal = JournalFiles(folder + "/journal")
        self._buf = bytearray(max(migration.MAX_BYTES, state_record.SIZE))
        self._saved_ms = 0
        self._failed_ms = 0
        self.failed = False

    def _store(self, name):
        return RecordStore(self._folder + "/" + name + ".a", self._folder + "/" + name + ".b")

    def load_settings(self, settings):
        """Fill ``settings``; a fresh board keeps its empty ones, torn copies mean lost."""
        payload = self._settings.load()
        if payload is not None:
            settings.load(payload, len(payload))
        elif self._settings.torn:
            settings.lost = True

    def load_access(self, access, now_ms):
        """Fill ``access``; without a record the factory's password holds."""
        payload = self._access.load()
        if payload is not None:
            access.load(payload, len(payload), now_ms)

    def load_state(self, controller, now_ms):
        """Latches, charge and uptime of before the restart, then the journal's newest part."""
        payload = self._state.load()
        if payload is not None:
            state_record.load(controller, payload, now_ms)
        self.journal.open()
        following = self.journal.next_sequence
        controller.journal.restore(self.journal.load_last(ENTRIES), following)
        self._saved_ms = now_ms

    def step(self, controller, now_ms):
        """Save one thing that waits; true when flash was written."""
        requests = controller.requests
        if self.failed and elapsed_ms(now_ms, self._failed_ms) < _RETRY_MS:
            return False
        if requests.save_settings:
            n = controller.settings.dump(self._buf)
            requests.save_settings = not self._done(self._settings.save(self._buf, n), now_ms)
            return True
        access = controller.access
        if access.changed:
            n = access.dump(self._buf)
            access.changed = not self._done(self._access.save(self._buf, n), now_ms)
            return True
        if controller.journal.pending < controller.journal.next:
            self._save_journal(controller.journal, now_ms)
            return True
        gone_ms = elapsed_ms(now_ms, self._saved_ms)
        if gone_ms >= _STATE_PERIOD_MS or (requests.save_state and gone_ms >= _STATE_SPACING_MS):
            self._save_state(controller, now_ms)
            return True
        return False

    def save_all(self, controller, now_ms):
        """Before a restart: everything that waits, at once."""
        self._saved_ms = (now_ms - _STATE_SPACING_MS) & 0x3FFFFFFF
        controller.requests.save_state = True
        for _ in range(12):
            self.failed = False
            if not self.step(controller, now_ms):
                break

    def _save_journal(self, journal, now_ms):
        until = min(journal.next, journal.pending + _JOURNAL_BATCH)
        batch = [journal.payload(number) for number in range(journal.pending, until)]
        self.journal.next_sequence = journal.pending
        if self._done(self.journal.append(batch), now_ms):
            journal.stored(until)

    def _save_state(self, controller, now_ms):
        n = state_record.dump(controller, self._buf, now_ms)
        self._saved_ms = now_ms
        controller.requests.save_state = not self._done(self._state.save(self._buf, n), now_ms)

    def _done(self, good, now_ms):
        self.failed = not good
        self._failed_ms = now_ms
        return good
