"""An audit of measures in other packages: what each declares, what is found, and where one name gives two numbers."""
