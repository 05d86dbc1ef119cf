"""The first day with the customer's own server: its users are its own, and none are made."""

from converters.doctor.steps import DoctorPlan, Made, Names, Words
from converters.platform import Request
from converters.platforms.own.account import OwnAccount


def remove(account: OwnAccount, names: Names, made: Made) -> tuple[Request, ...]:
    del account, names, made
    return ()


DOCTOR = DoctorPlan(
    console=Words(
        "have the server post events to this address, signed as the page on own servers says", "让服务器向本地址推送事件,并按文档签名"
    ),
    remove=remove,
    left=Words("the messages between the two", "两人之间的消息"),
)
