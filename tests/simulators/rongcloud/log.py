"""The hourly log of every message: a zip for each hour. Source: "RongCloud: historical message logs"."""

import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from io import BytesIO
from typing import Any

import orjson

from tests.simulators.rongcloud.fields import as_object
from tests.simulators.rongcloud.options import Options
from tests.simulators.rongcloud.routing import Sent

HOUR = 3_600_000
KEPT = 3 * 24 * HOUR
BEIJING = timezone(timedelta(hours=8))


class HourlyLog:
    """Hours are those of the data centre; times are ms since the epoch."""

    def __init__(self, options: Options) -> None:
        self._app_key = options.app_key
        self._after = int(options.log_after * 1000)
        self._zone = UTC if options.overseas else BEIJING
        self._hours: dict[int, list[Sent]] = {}

    def keep(self, message: Sent) -> None:
        self._hours.setdefault(message.time // HOUR, []).append(message)

    def hour(self, date: str) -> int | None:
        """The number of the hour YYYYMMDDHH, None when it is none."""
        if len(date) != len("YYYYMMDDHH") or not (date.isascii() and date.isdigit()):
            return None
        try:
            day = datetime.strptime(date[:8], "%Y%m%d").replace(tzinfo=self._zone)
            return int(day.replace(hour=int(date[8:])).timestamp() * 1000) // HOUR
        except ValueError:
            return None

    def delete(self, hour: int) -> None:
        self._hours.pop(hour, None)

    def messages(self, hour: int, now: int) -> list[Sent]:
        """None before the log is ready, and none after three days."""
        begin = hour * HOUR
        if not begin + self._after <= now < begin + HOUR + KEPT:
            return []
        return self._hours.get(hour, [])

    def zipped(self, hour: int, messages: Iterable[Sent]) -> bytes:
        """One text file, one record a line."""
        name = datetime.fromtimestamp(hour * HOUR / 1000, self._zone).strftime("%Y-%m-%d-%H")
        file = BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, b"".join(self._line(message) for message in messages))
        return file.getvalue()

    def _line(self, message: Sent) -> bytes:
        at = datetime.fromtimestamp(message.time // 1000, self._zone)
        content = as_object(message.content)
        record: dict[str, Any] = {
            "appId": self._app_key,
            "fromUserId": message.sender,
            "targetId": message.to,
            "targetType": message.number,
            "GroupId": message.to if message.type == "group" else "",
            "classname": message.name,
            "content": message.content if content is None else content,
            "dateTime": f"{at:%Y-%m-%d %H:%M:%S}.{message.time % 1000:03d}",
            "timestamp": message.time,
            "msgUID": message.id,
            "source": message.shown_source,
            "isSensitiveWord": "false",
        }
        return f"{at:%Y/%m/%d %H:%M:%S}".encode() + orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
