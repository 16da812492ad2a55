"""The lab: a local page on which networks and surfaces are trained, looked into and questioned."""
