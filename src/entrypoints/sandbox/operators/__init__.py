"""Emulators of mobile operators: one network each, in the words of one protocol.

What all of them share is here: subscribers and what they have, the operator's own billing records,
scripted answers, faults, notifications and the control API. A protocol is a module (or package) of
this package with `speak(network) -> Dialect`.
"""
