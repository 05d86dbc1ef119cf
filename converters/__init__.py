"""What things mean: pure functions over plain data. Adding a platform is one package and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from converters.platform import AnyPlatform
from converters.platforms.easemob import PLATFORM as EASEMOB
from converters.platforms.own import PLATFORM as OWN
from converters.platforms.rongcloud import PLATFORM as RONGCLOUD
from converters.platforms.yunxin import PLATFORM as YUNXIN
from converters.routing.account_creation import with_account_creation

PLATFORMS: Mapping[str, AnyPlatform] = MappingProxyType(
    {platform.name: with_account_creation(platform) for platform in (EASEMOB, OWN, RONGCLOUD, YUNXIN)}
)
