"""Downslope: see, question and master how neural networks are trained."""
