"""What things mean: pure functions over plain data. Adding a platform is one package and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from converters.easemob import PLATFORM as EASEMOB
from converters.platform import Platform
from converters.yunxin import PLATFORM as YUNXIN

PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        EASEMOB.name: EASEMOB,
        YUNXIN.name: YUNXIN,
    }
)
