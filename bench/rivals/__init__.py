"""What Kazna stands beside: programs of `.venv-bench`, each told what to do line by line.

A rival reads a line (how many, and where), does that much, and answers one line. It imports
nothing of Kazna's.
"""
