"""Everything with an effect: broker, network, clock, disk. What things mean is in `converters`."""
