"""iotctl: from a bucket of IoT sensor files to the anomalies in them, with one command line."""

__version__ = "0.1.0"
