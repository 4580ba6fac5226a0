"""Nothing is allocated while a BQ76952 measures, switches, vetoes, or is set up after a reset."""

from test_heap import MICROPYTHON, run_script


def test_script_passes_on_micropython(tmp_path):
    assert MICROPYTHON, "no micropython in .venv/bin or on the PATH"
    result = run_script("bq76952_heap.py", tmp_path)
    assert result.stdout.strip() == "OK", result.stdout + result.stderr
