"""Tests and intervals against slow, obvious versions."""
