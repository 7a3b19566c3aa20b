"""How we speak to PostgreSQL: connections and their errors, locks, and values on their way in and out."""
