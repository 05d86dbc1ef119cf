import pytest

from converters.core.lenient import Word, milliseconds, word


@pytest.mark.parametrize(
    ("given", "read"), [("", ""), (None, ""), ("7", "7"), (7, "7"), (7.0, "7"), (7.5, "7.5"), (True, "true"), (False, "false")]
)
def test_scalars_are_read_as_text(given: Word, read: str) -> None:
    assert word(given) == read


def test_ids_stay_exact_beyond_2_to_the_53() -> None:
    assert word(9223372036854775807) == "9223372036854775807"


@pytest.mark.parametrize("given", [None, "", "0", 0, -5, "soon", 1e300, "9" * 30, float("inf"), float("nan")])
def test_what_is_no_time_is_replaced(given: Word) -> None:
    assert milliseconds(given, 42) == 42


@pytest.mark.parametrize("given", ["1700000100001", 1700000100001, 1700000100001.0])
def test_times_are_read_from_text_and_numbers(given: Word) -> None:
    assert milliseconds(given, 42) == 1700000100001
