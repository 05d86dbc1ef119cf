"""Where the platforms call back: a request is checked, stored in Kafka, and only then answered 200."""
