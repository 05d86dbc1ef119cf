"""Asking for lost callbacks. Source: "Easemob: callback exception storage"."""

import re
from typing import Any

from tests.simulators.calls import Call
from tests.simulators.easemob import errors
from tests.simulators.easemob.errors import Refusal
from tests.simulators.easemob.gate import Answer, as_object
from tests.simulators.easemob.state import Easemob

DATE = re.compile(r"\d{11}0")


def stored(easemob: Easemob, call: Call) -> Answer:
    if easemob.storage is None or "storage" in easemob.options.closed:
        return errors.CLOSED["storage"]
    return {"entities": [], "data": easemob.storage.info(easemob.now())}


def replay(easemob: Easemob, call: Call) -> Answer:
    """``success`` says that the slot is on its way, not that it will arrive."""
    if easemob.storage is None or "storage" in easemob.options.closed:
        return errors.CLOSED["storage"]
    request: dict[str, Any] = as_object(call.body) or {}
    date, url, retry = request.get("date"), request.get("targetUrl"), request.get("retry", 0)
    if not isinstance(date, str) or not DATE.fullmatch(date):
        return Refusal(400, "illegal_argument", "date must be yyyyMMddHHmm, the start of ten minutes")
    if not isinstance(url, str | None) or not isinstance(retry, int):
        return errors.MALFORMED
    parcels = easemob.storage.replay(date, url, easemob.now())
    if parcels is not None:
        easemob.accept("callbacks.replay", date=date, size=len(parcels))
        for parcel in parcels:
            easemob.courier.send(parcel)
    return {"entities": [], "data": "failure" if parcels is None else "success"}


CALLS = (
    ("GET", "callbacks/storage/info", "callbacks.stored", "callbacks.stored", stored),
    ("POST", "callbacks/storage/retry", "callbacks.replay", "callbacks.replay", replay),
)
