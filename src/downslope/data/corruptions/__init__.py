"""Faults put into data on purpose, one function each; corrupt.py holds the table of them."""
