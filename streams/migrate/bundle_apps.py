"""The two apps of a bundle, as the settings have them now."""

from collections.abc import Mapping

from converters.core.localized import localized
from converters.routing.route import App
from streams.migrate.bundle import Bundle
from streams.operate.topic_reader import OperateError


def apps_of(apps: Mapping[str, App], bundle: Bundle) -> tuple[App, App]:
    """Source and target. Raises OperateError."""
    meta = bundle.meta
    found: list[App] = []
    for name, platform in ((meta.source_app, meta.source_platform), (meta.target_app, meta.target_platform)):
        app = apps.get(name)
        if app is None or app.platform.name != platform:
            seen = localized("it is on {name}", name=app.platform.name) if app is not None else localized("there is none")
            raise OperateError(
                localized(
                    "the bundle is of app {name!r} on {platform}; in the settings {seen}: check it anew with these settings",
                    name=name,
                    platform=platform,
                    seen=seen,
                )
            )
        found.append(app)
    if found[1].platform.inventory is None:
        raise OperateError(localized("{name} takes no migration", name=found[1].platform.name))
    if meta.stops:
        raise OperateError(
            localized("{stops} problems of the bundle stop the run: mend them, or have them left out, and check again", stops=meta.stops)
        )
    return found[0], found[1]
