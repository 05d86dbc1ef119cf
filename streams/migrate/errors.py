"""What ends a command of a migration with exit code 2: the text says what was seen, what was expected, and where to change it."""

from converters.core.localized import ReportedError


class MigrateError(ReportedError):
    pass


class SourceError(MigrateError):
    """A source cannot be opened, or not be read further."""


class BundleError(MigrateError):
    """A bundle is missing, damaged, or in use."""
