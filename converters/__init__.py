"""What things mean: pure functions over plain data. Adding a platform is one package and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from converters.accounts import making_accounts
from converters.easemob import PLATFORM as EASEMOB
from converters.own import PLATFORM as OWN
from converters.platform import Platform
from converters.rongcloud import PLATFORM as RONGCLOUD
from converters.yunxin import PLATFORM as YUNXIN

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {platform.name: making_accounts(platform) for platform in (EASEMOB, OWN, RONGCLOUD, YUNXIN)}
)
