# ruff: noqa: INP001 - a part of deploy/dashboards.py
"""The boards' ids, which are part of their addresses: `/d/<id>`."""

OVERVIEW = "im-relay"
DELIVERY = "im-relay-delivery"
INGRESS = "im-relay-ingress"
MEDIA = "im-relay-media"
MIGRATION = "im-relay-migration"
KAFKA = "im-relay-kafka"
