"""python -m iotctl."""

from iotctl.cli import main

if __name__ == "__main__":
    main()
