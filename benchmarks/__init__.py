"""Speed, measured by ratio within one run: ``make bench``."""
