"""Where can figures be fetched from? One file a source; `data/fetch.py` alone calls them, and nothing else uses the network."""

from utvardering.data.connectors.base import Collected, Connector, Request
from utvardering.data.connectors.registry import CONNECTORS, connector

__all__ = ["CONNECTORS", "Collected", "Connector", "Request", "connector"]
