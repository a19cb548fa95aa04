"""Letters: written from templates, handed to a mail server by SMTP."""
