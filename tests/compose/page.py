"""What docs/compose.md tells a person to type."""

import re

from tests.stack import ROOT

PAGE = ROOT / "docs/compose.md"


class Page:
    def __init__(self) -> None:
        self._blocks = dict(re.findall(r"<!-- typed: (\w+) -->\n```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))

    def block(self, name: str) -> str:
        """Lines of a shell, by the name that stands in a comment before them."""
        return str(self._blocks[name])

    def names(self) -> set[str]:
        return set(self._blocks)
