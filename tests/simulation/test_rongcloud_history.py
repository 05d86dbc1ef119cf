"""What the RongCloud simulator keeps: the hourly log, and the history of a conversation."""

import time
import zipfile
from io import BytesIO
from typing import Any

import httpx
import orjson

from tests.simulation.conftest import Start
from tests.simulation.rongcloud_calls import call, post, send, signed
from tests.simulators.client import SimulatorClient
from tests.simulators.rongcloud.log import HourlyLog
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.routing import Sent


def hour_of(entry: dict[str, Any], form: str = "%Y%m%d%H") -> str:
    return time.strftime(form, time.gmtime(entry["time"] // 1000))


def test_the_hourly_log_is_a_zip_of_every_message(start: Start) -> None:
    simulator = start("rongcloud", log_after=0, overseas=True)
    send(simulator)
    simulator.say("bob", "6001", type="group", kind="App:Raw", body="not json", payload={"source": "iOS"})
    expected = [("bob", "", 1, {"content": "hello"}, "Server"), ("6001", "6001", 3, "not json", "iOS")]
    for entry, facts in zip(simulator.journal(), expected, strict=True):
        date = hour_of(entry)
        answer = call(simulator, "message/history", {"date": date})
        assert answer == {"code": 200, "url": f"{simulator.url}/history/{date}.zip", "date": date}
        with zipfile.ZipFile(BytesIO(httpx.get(answer["url"]).content)) as file:
            assert file.namelist() == [hour_of(entry, "%Y-%m-%d-%H")]
            lines = file.read(file.namelist()[0]).decode().splitlines()
        (line,) = (line for line in lines if entry["id"] in line)
        begin, brace, rest = line.partition("{")
        record = orjson.loads(brace + rest)
        assert begin == hour_of(entry, "%Y/%m/%d %H:%M:%S")
        assert record["timestamp"] == entry["time"]
        assert tuple(record[key] for key in ("targetId", "GroupId", "targetType", "content", "source")) == facts
    call(simulator, "message/history/delete", {"date": date})
    assert call(simulator, "message/history", {"date": date})["url"] == ""
    assert httpx.get(answer["url"]).status_code == 404
    assert call(simulator, "message/history", {"date": "2020010108"})["url"] == ""
    assert post(simulator, "message/history", {"date": "2026-01-01"}).json()["code"] == 1002


def test_a_line_of_the_log_is_that_of_the_sample() -> None:
    log = HourlyLog(Options(app_key="demoappkey01"))
    message = Sent(
        id="CRER-DAJI-0125-KAPS",
        client_id="",
        time=1767225600456,
        type="person",
        sender="lin01",
        to="wu02",
        name="RC:TxtMsg",
        content='{"content":"see you at 6"}',
        text=None,
        ext=None,
        source="sdk",
        device="iOS",
    )
    log.keep(message)
    hour = log.hour("2026010108")
    assert hour is not None, "Beijing time"
    ready, expired = (hour + 1) * 3_600_000, (hour + 1 + 72) * 3_600_000
    assert log.messages(hour, ready - 1) == log.messages(hour, expired) == []
    assert log.messages(hour, ready) == log.messages(hour, expired - 1) == [message]
    with zipfile.ZipFile(BytesIO(log.zipped(hour, [message]))) as file:
        line = file.read("2026-01-01-08").decode()
    assert line == (
        '2026/01/01 08:00:00{"appId":"demoappkey01","fromUserId":"lin01","targetId":"wu02","targetType":1,"GroupId":"",'
        '"classname":"RC:TxtMsg","content":{"content":"see you at 6"},"dateTime":"2026-01-01 08:00:00.456",'
        '"timestamp":1767225600456,"msgUID":"CRER-DAJI-0125-KAPS","source":"iOS","isSensitiveWord":"false"}\n'
    )


def query(simulator: SimulatorClient, kind: str, **asked: Any) -> list[dict[str, Any]]:
    url = f"{simulator.url}/v3/message/{kind}/query.json"
    answer = httpx.post(url, json=asked, headers=signed()).json()
    assert answer["code"] == 200, answer
    return list(answer["data"])


def test_history_is_read_in_pages_by_time(start: Start) -> None:
    simulator = start("rongcloud")
    for n in range(3):
        simulator.say("alice" if n % 2 else "bob", "6001", str(n), type="group")
    simulator.say("alice", "6001", type="group", kind="RC:CmdMsg", body={"name": "x", "data": ""})
    end = simulator.journal("said")[-1]["time"]
    asked = {"userId": "alice", "targetId": "6001", "startTime": "0", "endTime": str(end), "pageSize": "2"}
    first = query(simulator, "group", **asked)
    assert [orjson.loads(one["content"])["content"] for one in first] == ["0", "1"]
    assert first[0].keys() == {"targetId", "fromUserId", "messageUID", "msgTime", "objectName", "content", "expansion", "extraContent"}
    found = query(simulator, "group", **asked | {"startTime": 0, "pageSize": 100, "includeStart": True})
    assert len(found) == 3, "a command is not kept"
    last = found[-1]["msgTime"]
    window = asked | {"startTime": last, "endTime": last}
    assert query(simulator, "group", **window) == []
    assert found[-1] in query(simulator, "group", **window | {"includeStart": "true", "pageSize": 100})


def test_history_of_the_sender_lacks_what_did_not_include_it(start: Start) -> None:
    simulator = start("rongcloud")
    send(simulator, "without")
    send(simulator, "with", isIncludeSender=1)
    send(simulator, "nowhere", isPersisted=0)
    asked = {"startTime": 0, "endTime": 2**42, "pageSize": 10}
    theirs = query(simulator, "private", userId="bob", targetId="alice", **asked)
    mine = query(simulator, "private", userId="alice", targetId="bob", **asked)
    words = [[orjson.loads(one["content"])["content"] for one in page] for page in (theirs, mine)]
    assert words == [["without", "with"], ["with"]]
