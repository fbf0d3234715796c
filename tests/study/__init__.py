"""Tests of the study file."""
