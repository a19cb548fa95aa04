"""What must hold in the tables, checked by SQL; one file per context."""
