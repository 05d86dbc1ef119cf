"""Our ingress as a process: `python -m tests.benchmarks.ingress_ours BOOTSTRAP PREFIX PORT OBSERVE_PORT`."""

import sys

import uvloop

from streams.observe import log
from streams.roles.ingress import serve
from streams.settings.observing import ObserveSettings
from streams.settings.root import AppSettings, IngressSettings, KafkaSettings, Settings
from tests.benchmarks.ingress_requests import ACCOUNT, APP, EASEMOB, PLATFORM

if __name__ == "__main__":
    bootstrap, prefix, port, observe = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    settings = Settings(
        kafka=KafkaSettings(bootstrap=bootstrap, prefix=prefix),
        ingress=IngressSettings(host="127.0.0.1", port=port),
        observe=ObserveSettings(host="127.0.0.1", port=observe, level="warning"),
        apps={
            APP: AppSettings(platform=PLATFORM, target=APP, account=ACCOUNT),
            f"{APP}-easemob": AppSettings(platform="easemob", target=APP, account=EASEMOB),
        },
    )
    log.setup(settings.observe)
    uvloop.run(serve(settings))
