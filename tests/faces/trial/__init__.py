"""A second face, as small as one can be: it shows that the kit needs nothing but what is here."""
