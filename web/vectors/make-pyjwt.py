"""Signs the cases with PyJWT."""

import json
import sys

import jwt

vectors = [
    {
        "name": case["name"],
        "made_by": f"PyJWT {jwt.__version__}",
        "secret": case["secret"],
        "token": jwt.encode(
            case["claims"],
            None if case["algorithm"] == "none" else case["signed_with"],
            algorithm=case["algorithm"],
        ),
    }
    for case in json.load(sys.stdin)
]
json.dump(vectors, sys.stdout)
