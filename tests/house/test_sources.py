"""What holds of every file, whatever it is about."""

import re

from tests.house.tree import files, made_and_tracked, modules, name

LONG, TOO_LONG = 300, 500
REASON = "# Over 300 lines: "

# In pieces, so that this file does not find itself.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted"),
        ("registry", "npmjs"),
        ("repo1", "maven"),
        ("repo", "maven"),
        ("crates", "io"),
        ("proxy", "golang"),
        ("deb", "debian"),
    )
]
PLACES = ["/" + part + "/" for part in ("work/main", "work/shared", "root", "home/[a-z]+", "opt/wheels")]
VENDORS = re.compile("easemob|yunxin|rongcloud|netease|环信|云信|融云", re.IGNORECASE)


def test_nothing_that_is_made_is_tracked() -> None:
    assert made_and_tracked() == []


def test_streams_names_no_vendor() -> None:
    found = [
        f"{name(path)}:{number}"
        for path in modules("streams")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if VENDORS.search(line) or VENDORS.search(path.name)
    ]
    assert not found, "a vendor's name belongs in converters/<vendor>/"


def test_modules_are_short_or_say_why_not() -> None:
    found = []
    for path in modules("converters", "streams"):
        lines = path.read_text().splitlines()
        reasoned = any(line.startswith(REASON) for line in lines[:30])
        if len(lines) > TOO_LONG or (len(lines) > LONG and not reasoned):
            found.append(f"{name(path)}: {len(lines)} lines")
    assert not found, f"split it, or (up to {TOO_LONG}) say {REASON!r} and why"


def test_no_file_names_a_registry_or_a_place_on_somebodys_machine() -> None:
    pattern = re.compile("|".join([*map(re.escape, HOSTS), *PLACES]))
    found = []
    for path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name(path)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found


def test_there_is_no_module_of_leftovers() -> None:
    leftovers = {"utils", "util", "helpers", "misc", "common"}
    found = [name(path) for path in modules("converters", "streams", "tests") if leftovers & {path.stem, *path.parts}]
    assert found == ["streams/cli/common.py"], "that one is what all commands begin and end with"
