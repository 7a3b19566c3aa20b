-- Grafana's own user: it may only read. For psql 15 or newer; it may run again.
\set ON_ERROR_STOP on
\getenv password GRAFANA_PASSWORD
SELECT 'CREATE ROLE grafana LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana PASSWORD :'password';
ALTER ROLE grafana SET statement_timeout = '60s';
GRANT pg_read_all_data TO grafana;
