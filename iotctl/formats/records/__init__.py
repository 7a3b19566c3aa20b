"""Record forms. Each form has a module that reads records as columns."""
