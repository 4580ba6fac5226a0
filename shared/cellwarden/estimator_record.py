"""What the estimator remembers over a restart, as bytes of a fixed layout.

The caller versions it (state_record.py). Nothing is allocated in writing.
"""

from .soc_lesson import KEPT as LESSON_KEPT

SIZE = 68 + 4 * LESSON_KEPT


def _put(out, offset, value):
    for i in range(4):
        out[offset + i] = value >> (8 * i) & 0xFF


def _get(data, offset):
    high = data[offset + 3]
    if high > 127:
        high -= 256
    return data[offset] | data[offset + 1] << 8 | data[offset + 2] << 16 | high << 24


def dump(estimator, out, offset):
    """Write what must survive; returns the bytes written."""
    e = estimator
    f, c, p, lesson = e.filter, e.count, e.polarisation, e.lesson
    _put(out, offset, int(e.known) | int(e.full) << 1)
    _put(out, offset + 4, e.rated_mah)
    _put(out, offset + 8, e.chemistry)
    _put(out, offset + 12, f.soc_ppm)
    _put(out, offset + 16, f.sigma_ppm)
    _put(out, offset + 20, f.offset)
    _put(out, offset + 24, f.offset_sigma)
    _put(out, offset + 28, f.gain)
    _put(out, offset + 32, f.gain_sigma)
    _put(out, offset + 36, e.shown_ppm)
    _put(out, offset + 40, e.full_ppm)
    _put(out, offset + 44, p.products)
    _put(out, offset + 48, p.squares)
    _put(out, offset + 52, c.charged_mah)
    _put(out, offset + 56, c.discharged_mah)
    _put(out, offset + 60, c.charged_wh)
    _put(out, offset + 64, c.discharged_wh)
    for i in range(LESSON_KEPT):
        _put(out, offset + 68 + 4 * i, lesson.ends[i])
    return SIZE


def load(estimator, data, offset):
    """Take back what ``dump`` wrote; time without power is not known."""
    e = estimator
    f, c, p, lesson = e.filter, e.count, e.polarisation, e.lesson
    rated_mah = _get(data, offset + 4)
    c.capacity(rated_mah)
    f.begin(_get(data, offset + 12), _get(data, offset + 16))
    f.offset = _get(data, offset + 20)
    f.offset_sigma = _get(data, offset + 24)
    f.gain = _get(data, offset + 28)
    f.gain_sigma = _get(data, offset + 32)
    p.recall(_get(data, offset + 44), _get(data, offset + 48))
    c.charged_mah = _get(data, offset + 52)
    c.discharged_mah = _get(data, offset + 56)
    c.charged_wh = _get(data, offset + 60)
    c.discharged_wh = _get(data, offset + 64)
    for i in range(LESSON_KEPT):
        lesson.ends[i] = _get(data, offset + 68 + 4 * i)
    shown_ppm = _get(data, offset + 36)
    full_ppm = _get(data, offset + 40)
    e.recall(data[offset], shown_ppm, full_ppm, rated_mah, _get(data, offset + 8))
