"""Instrument programs for devices of other packages: flowchem, PyLabRobot, ophyd, python-seabreeze, and everything that VISA
reaches.

Each is started as ``python3 -m flowtwin.bridges.flowchem …`` in a wiring file; see docs/bridges.md. The other package is
imported when flowtwin first asks who the instrument is, so that the program says hello at once.
"""
