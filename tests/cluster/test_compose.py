"""The compose profile dask: workers that find scheduler, database and store as iot-app does."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def test_workers_have_the_settings_of_the_app_and_know_the_scheduler() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    app, worker, scheduler = services["iot-app"], services["dask-worker"], services["dask-scheduler"]
    assert worker["profiles"] == scheduler["profiles"] == ["dask"]
    assert worker["build"] == scheduler["build"] == app["build"]
    only_for_the_command = {"IOTCTL_NOTIFY_URL", "IOTCTL_SCHEDULER"}
    assert worker["environment"] == {
        name: value for name, value in app["environment"].items() if name not in only_for_the_command
    }
    assert {"IOTCTL_DATABASE_URL", "PGPASSWORD", "IOTCTL_S3_SECRET_KEY"} <= set(worker["environment"])
    assert "environment" not in scheduler  # which has no use for secrets
    port = scheduler["command"][scheduler["command"].index("--port") + 1]
    assert worker["entrypoint"][-1] == f"tcp://dask-scheduler:{port}"
    assert "ports" not in scheduler
    # One that is scaled can have no name of its own, nor a port of the machine.
    assert not {"container_name", "ports"} & set(worker)
    assert "[dask," in (ROOT / "Dockerfile").read_text()
