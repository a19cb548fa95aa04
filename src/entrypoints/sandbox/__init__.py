"""HTTP emulators of outside systems: what gateways promise and break, on a clock of ours.

One package per emulated system; `app.py` mounts them into one application, `server.py` serves it.
"""
