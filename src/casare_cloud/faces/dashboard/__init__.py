"""The dashboard: a page that people watch and steer their tenant with, served as it lies in the package."""
