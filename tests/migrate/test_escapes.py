r"""CSV with backslashes: read as the mapping says, and never as something else in silence."""

from pathlib import Path

import pytest

from converters.inventory import User
from streams.migrate.escapes import DOUBTFUL
from tests.migrate.exports import checked, found, write

MAPPING = "[users]\nfile = 'u.*'\n"
MYSQL = MAPPING + "escape = '\\'\n"


def signs(tmp_path: Path, mapping: str, rows: str, name: str = "u.csv") -> tuple[dict[str, str], list[tuple[str, str]]]:
    """(signature by id, (where, problem))."""
    folder = tmp_path / "export"
    write(folder / name, [rows])
    write(folder / "migration.toml", [mapping])
    with checked(folder, tmp_path / "bundles") as bundle:
        users = {row.item.id: row.item.sign for row in bundle.items("user") if isinstance(row.item, User)}
        return users, [(problem.where, problem.text) for problem in found(bundle) if problem.kind == "line"]


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ('"say \\"hi\\""', 'say "hi"'),
        ('"\\""', '"'),
        ('"C:\\\\x\\\\"', "C:\\x\\"),
        ('"a\\nb\\tc"', "a\nb\tc"),
        ('"a\\\nb"', "a\nb"),
        ("a\\\nb", "a\nb"),
        ("a\\,b", "a,b"),
        ("a \\N b", "a N b"),
        ("\\N", ""),
        ("\\\\N", "\\N"),
        ('"{\\"a\\": \\"x\\\\\\"y\\"}"', '{"a": "x\\"y"}'),
        ("好\\\\", "好\\"),
    ],
)
def test_what_mysql_writes_is_read_as_it_was_meant(cell: str, meant: str, tmp_path: Path) -> None:
    assert signs(tmp_path, MYSQL, f'id,sign\nann,{cell}\n"bob",next\n') == ({"ann": meant, "bob": "next"}, [])
    assert signs(tmp_path / "last", MYSQL, f"id,sign\nann,{cell}") == ({"ann": meant}, [])


def test_a_table_of_mysqldump_has_neither_quotes_nor_a_header(tmp_path: Path) -> None:
    mapping = MYSQL + "delimiter = '\\t'\nquote = ''\nheader = ['id', 'sign']\n".replace("'\\t'", '"\\t"')
    rows = 'ann\tsay "hi"\nbob\t"all"\ncid\ta\\\tb\\\nc\ndan\t\\N\neve\t"\n'
    users = {"ann": 'say "hi"', "bob": '"all"', "cid": "a\tb\nc", "dan": "", "eve": '"'}
    assert signs(tmp_path, mapping, rows, "u.tsv") == (users, [])


@pytest.mark.parametrize("cell", ['say \\"hi\\"', "a\\\\b", '"a\\\nb"', '"C:\\"', "ends\\"])
def test_where_nothing_says_what_a_backslash_means_its_row_is_refused(cell: str, tmp_path: Path) -> None:
    rows = f"id,sign\nbob,B\nann,{cell}\ncid,C\n"
    users, problems = signs(tmp_path, MAPPING, rows)
    assert (problems[0], "ann" in users, users["bob"]) == (("u.csv:3", DOUBTFUL), False, "B")
    plain, none = signs(tmp_path / "plain", MAPPING + "escape = 'none'\n", rows)
    assert (none, plain["ann"]) == ([], cell.strip('"') if cell.startswith('"') else cell)


@pytest.mark.parametrize("cell", ["a\\b", "¯\\_(ツ)_/¯", '"{""a"": ""x\\""y\\\\z""}"', '"{""a"": ""\\u4f60\\n""}"', "\\N"])
def test_backslashes_that_mean_the_same_either_way_are_nobodys_concern(cell: str, tmp_path: Path) -> None:
    users, problems = signs(tmp_path, MAPPING, f"id,sign\nann,{cell}\nbob,B\n")
    assert (problems, users["ann"]) == ([], "" if cell == "\\N" else cell.strip('"').replace('""', '"'))


def test_a_row_that_never_ends_costs_itself(tmp_path: Path) -> None:
    users, problems = signs(tmp_path, MYSQL, 'id,sign\nann,"a\nbob,B\ncid,C\\"c\n')
    assert (users, [where for where, _ in problems]) == ({"bob": "B", "cid": 'C"c'}, ["u.csv:2"])
