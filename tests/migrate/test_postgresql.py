"""A real PostgreSQL, where there is one on this machine, read as SQLite is: by pages behind the last key."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.migrate.files import open_path
from tests.migrate.exports import write
from tests.migrate.test_sources import COLUMNS, MAPPING, ROWS, as_expected, read

INITDB = shutil.which("initdb")


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    if INITDB is None:
        pytest.skip("no PostgreSQL is installed here")
    import psycopg

    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    directory = Path(tempfile.mkdtemp(prefix="im-relay-pg-"))
    if user is not None:
        shutil.chown(directory, user)
    data = directory / "data"
    subprocess.run(
        [INITDB, "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8"], check=True, user=user, capture_output=True, cwd="/"
    )
    control = Path(INITDB).with_name("pg_ctl")
    subprocess.run(
        [control, "-D", data, "-w", "-l", directory / "log", "-o", f"-k {directory} -c listen_addresses='' -c fsync=off", "start"],
        check=True,
        user=user,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    url = f"postgresql://postgres@/postgres?host={directory}"
    try:
        with psycopg.connect(url) as connection:
            for table, rows in ROWS.items():
                columns = COLUMNS[table]
                kinds = ["bigint" if name == "born" else "integer" if name == "lvl" else "text" for name in columns]
                connection.execute(f"CREATE TABLE {table} ({', '.join(map(' '.join, zip(columns, kinds, strict=True)))})")
                for row in rows:
                    connection.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(columns))})", row)
        yield url
    finally:
        subprocess.run([control, "-D", data, "-m", "immediate", "stop"], check=True, user=user, capture_output=True, cwd="/")
        shutil.rmtree(directory)


def test_a_postgresql_database_is_read_in_pages(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.migrate.sql.PAGE", 2)
    write(tmp_path / "url", [database + "\n"])
    users = 'database_file = "url"\ntable = "public.shop_users"\nkey = "uid"'
    messages = """database_file = "url"\nquery = "SELECT * FROM chat WHERE content LIKE '%'"\nkey = ["sent", "mid"]"""
    mapping = write(tmp_path / "shop.toml", [MAPPING.format(where=users, messages=messages)])
    as_expected(mapping, tmp_path, {"user": "public.shop_users:cid", "message": "message-0:yesterday/m3"})
    assert len(read(open_path(mapping), behind=1)) == 6


def test_it_is_read_and_never_written(database: str, tmp_path: Path) -> None:
    users = f"""database = "{database}"\nquery = "INSERT INTO shop_users VALUES ('eve') RETURNING *"\nkey = "uid\""""
    mapping = write(tmp_path / "shop.toml", [f"[users]\n{users}\n"])
    (part,) = open_path(mapping).parts()
    with pytest.raises(Exception, match="the database refuses: "):
        list(part.read(None))


def test_a_database_that_is_away_says_so_without_its_password(tmp_path: Path) -> None:
    mapping = write(tmp_path / "shop.toml", ['[users]\ndatabase = "postgresql://u:planted@127.0.0.1:1/x"\ntable = "t"\n'])
    (part,) = open_path(mapping).parts()
    with pytest.raises(Exception, match="PostgreSQL cannot be reached") as refused:
        list(part.read(None))
    assert "planted" not in str(refused.value)
