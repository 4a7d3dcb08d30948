"""Prints the custom resources of rendered files, which are their arguments, as one JSON array."""

import json
import sys
from pathlib import Path

import yaml

GROUPS = ("keda.sh/", "monitoring.coreos.com/")

objects = [each for file in sys.argv[1:] for each in yaml.safe_load_all(Path(file).read_text())]
print(json.dumps([each for each in objects if each["apiVersion"].startswith(GROUPS)]))
