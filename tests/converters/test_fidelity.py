import typing

from converters import PLATFORMS, model
from converters.fidelity import page


def test_every_platform_says_how_it_carries_every_kind() -> None:
    kinds = {body.__struct_config__.tag for body in typing.get_args(model.Body)}
    for name, platform in PLATFORMS.items():
        assert set(platform.fidelity) == kinds, name


def test_the_page_has_a_row_for_each_kind() -> None:
    text = page(PLATFORMS)
    assert "| kind | easemob | yunxin |" in text
    assert "| text | full" in text
    assert "| unknown | shown" in text
