from hypothesis import settings

# A deadline would be a timed assert, and the machine is shared.
settings.register_profile("relay", deadline=None)
settings.load_profile("relay")
