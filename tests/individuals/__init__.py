"""Persons followed over waves."""
