"""What the board keeps on flash: settings, access, state, journal and phones, in /data.

Called between ticks only, one piece at a time, because writing flash stops some processors for
tens of milliseconds, and a worn flash for 400. A save is two pieces (records.py), so that a
board that carries current ticks, and beats its heart, in between. A board whose settings cannot
be read starts uncommissioned and says that they were lost; nothing that fails here ever reaches
the tick as an exception.
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
_MOST_PIECES = 32  # eight batches of the journal, four records, a new file

_NONE, _SETTINGS, _ACCESS, _STATE, _JOURNAL, _BONDS = range(6)


class Persistence:
    """Loads at start, then saves whatever ``controller.requests`` asks for."""

    def __init__(self, folder="/data"):
        ensure_folder(folder)
        ensure_folder(folder + "/journal")
        self._folder = folder
        self._settings = self._store("settings")
        self._access = self._store("access")
        self._state = self._store("state")
        self._bonds = None  # of Bluetooth, and where they are kept
        self._bonds_store = None
        self.journal = JournalFiles(folder + "/journal")
        self._buf = bytearray(max(migration.MAX_BYTES, state_record.SIZE))
        self._saved_ms = 0
        self._failed_ms = 0
        self._failed = False
        self._access_lost = False
        self._step = _NONE  # what is written and not closed
        self._store_open = None
        self._until = 0

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
        """Fill ``access``; without a record the factory's password holds.

        A board that nobody could log in to would be lost with its password, so a record that
        cannot be read leads to the factory's as well; but never silently: the storage counts
        as failed, which is told and journalled, until a new password has been stored.
        """
        payload = self._access.load()
        if payload is not None:
            self._access_lost = not access.load(payload, len(payload), now_ms)
        else:
            self._access_lost = self._access.lost()

    def load_bonds(self, bonds, now_ms):
        """Fill ``bonds``, and keep them from now on; without a record all phones pair anew."""
        self._bonds = bonds
        self._bonds_store = self._store("bluetooth")
        payload = self._bonds_store.load()
        if payload is None or not bonds.load(payload, now_ms):
            bonds.renew()

    def load_state(self, controller, now_ms, slept_ms=0):
        """Latches, charge and uptime of before the restart, then the journal's newest part.

        What cannot be read may have held latches: a person must look at the pack then.
        ``slept_ms`` is how long the board has been in deep sleep.
        """
        payload = self._state.load()
        if payload is not None:
            lost = not state_record.load(controller, payload, now_ms, slept_ms)
        else:
            lost = self._state.lost()
        if lost:
            controller.conditions.state_lost = 1
        self.journal.open()
        following = self.journal.next_sequence
        controller.journal.restore(self.journal.load_last(ENTRIES), following)
        self._saved_ms = now_ms

    @property
    def failed(self):
        """True while flash does not take what must be kept, or has lost who may write."""
        return self._failed or self._access_lost

    @property
    def halfway(self):
        """True while a record is written and not closed."""
        return self._step != _NONE

    def urgent(self, controller):
        """True when something waits that a power cut must not take away."""
        return controller.requests.save_state_now or self._step == _STATE

    def waits(self, controller):
        """True while anything is to be stored that could be."""
        requests = controller.requests
        wanted = requests.save_state_now or requests.save_settings or controller.access.changed
        wanted = wanted or controller.journal.pending < controller.journal.next
        wanted = wanted or self._bonds is not None and self._bonds.changed
        return self.halfway or bool(wanted) and not self._failed

    def step(self, controller, now_ms):
        """Do one piece of what waits; true when flash was written.

        A piece costs at most one erase; two where LittleFS moves a worn block of its own (one
        in 20,000 pieces) and at one in seven new files of the journal, of 64 entries each.
        Those are single calls of the file system and cannot be divided: on a flash that takes
        its worst 400 ms for an erase, the gates open for that moment. A latch comes before
        everything else: power may go next.
        """
        if self._step != _NONE:
            self._finish(controller, now_ms)
            return True
        requests = controller.requests
        if self._failed and elapsed_ms(now_ms, self._failed_ms) < _RETRY_MS:
            return False
        if requests.save_state_now:
            self._begin_state(controller, now_ms)
        elif requests.save_settings:
            requests.save_settings = False
            n = controller.settings.dump(self._buf)
            self._begin(_SETTINGS, self._settings, n, controller, now_ms)
        elif controller.access.changed:
            controller.access.changed = False
            n = controller.access.dump(self._buf)
            self._begin(_ACCESS, self._access, n, controller, now_ms)
        elif controller.journal.pending < controller.journal.next:
            self._begin_journal(controller, now_ms)
        elif self._bonds is not None and self._bonds.changed:
            self._bonds.changed = False
            n = self._bonds.dump(self._buf)
            self._begin(_BONDS, self._bonds_store, n, controller, now_ms)
        else:
            gone_ms = elapsed_ms(now_ms, self._saved_ms)
            wanted = requests.save_state and gone_ms >= _STATE_SPACING_MS
            if not wanted and gone_ms < _STATE_PERIOD_MS:
                return False
            self._begin_state(controller, now_ms)
        return True

    def save_all(self, controller, now_ms, watchdog=None):
        """Before a restart: everything that waits, at once; outputs are off."""
        controller.requests.save_state_now = True
        for _ in range(_MOST_PIECES):
            if watchdog is not None:
                watchdog.feed()
            self._failed = False
            if not self.step(controller, now_ms):
                break
        if watchdog is not None:
            watchdog.feed()

    def _begin_state(self, controller, now_ms):
        requests = controller.requests
        requests.save_state = requests.save_state_now = False
        self._saved_ms = now_ms
        n = state_record.dump(controller, self._buf, now_ms)
        self._begin(_STATE, self._state, n, controller, now_ms)

    def _begin(self, step, store, n, controller, now_ms):
        if store.begin(self._buf, n):
            self._step = step
            self._store_open = store
        else:
            self._end(step, False, controller, now_ms)

    def _finish(self, controller, now_ms):
        step, self._step = self._step, _NONE
        if step == _JOURNAL:
            self._end_journal(self.journal.finish(), controller, now_ms)
        else:
            self._end(step, self._store_open.finish(), controller, now_ms)

    def _end(self, step, good, controller, now_ms):
        """One save is over; one that failed is asked for again."""
        self._done(good, now_ms)
        if step == _ACCESS and good:
            self._access_lost = False
        if good:
            return
        if step == _SETTINGS:
            controller.requests.save_settings = True
        elif step == _ACCESS:
            controller.access.changed = True
        elif step == _BONDS:
            self._bonds.changed = True
        else:  # no longer before everything else, or it could keep that from being stored
            controller.requests.save_state = True

    def _begin_journal(self, controller, now_ms):
        journal = controller.journal
        room = self.journal.room()
        if not room and self.journal.begin_file():
            return
        self._until = min(journal.next, journal.pending + min(room or 1, _JOURNAL_BATCH))
        self.journal.next_sequence = journal.pending
        if room and self.journal.begin(self._batch(journal)):
            self._step = _JOURNAL
        else:
            self._end_journal(False, controller, now_ms)

    def _end_journal(self, good, controller, now_ms):
        """When it failed, in one go: that makes room by dropping what is oldest."""
        journal = controller.journal
        if not good and journal.pending < self._until:
            self.journal.next_sequence = journal.pending
            good = self.journal.append(self._batch(journal))
        if self._done(good, now_ms):
            journal.stored(self._until)

    def _batch(self, journal):
        return [journal.payload(number) for number in range(journal.pending, self._until)]

    def _done(self, good, now_ms):
        self._failed = not good
        self._failed_ms = now_ms
        return good
