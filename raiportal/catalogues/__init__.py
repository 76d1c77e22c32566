"""Reference data as versioned YAML, loaded into rows by `manage.py load_catalogues`."""
