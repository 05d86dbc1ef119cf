#!/bin/sh
KAFKA_HEAP_OPTS=-Xmx64m exec /opt/kafka/bin/run org.apache.kafka.tools.BrokerApiVersionsCommand "$@"
