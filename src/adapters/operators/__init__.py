"""Mobile operators: one package per operator's protocol, and what all of them share."""
