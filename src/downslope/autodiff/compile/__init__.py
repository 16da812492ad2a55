"""The dialects that programs are compiled to."""
