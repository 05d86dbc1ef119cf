"""What people wrote, encrypted as it lies in Kafka, with keys that can be thrown away."""
