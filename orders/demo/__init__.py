"""Invented merchants to try the product with."""
