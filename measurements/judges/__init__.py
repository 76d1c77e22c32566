"""What decides about one output: rules, the provider's content filter, a model. Pure functions over texts, without the database."""
