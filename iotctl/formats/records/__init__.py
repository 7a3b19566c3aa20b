"""Record forms: what files are written as, each form a module that gives records as columns."""
