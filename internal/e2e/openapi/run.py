"""Checks that a file is a document of OpenAPI 3.1, and hands it to schemathesis."""

import json
import os
import sys

from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.cli import schemathesis

with open(sys.argv[1], encoding="utf-8") as f:
    document = json.load(f)
problems = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in OpenAPIV31SpecValidator(document).iter_errors()]
if problems:
    sys.exit("no document of OpenAPI 3.1:\n" + "\n".join(problems))
os.chdir(os.path.dirname(sys.argv[1]))  # where it keeps its notes
schemathesis(["run", *sys.argv[1:]])
