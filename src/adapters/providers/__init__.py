"""Card providers: one package per gateway's protocol, and what all of them share."""
