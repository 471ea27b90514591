"""Writes vectors.json: webhook signatures and challenge answers by Python's hmac and by node's crypto.

    python3 make_vectors.py > vectors.json

Needs python3 and node. What they sign is what Zoom's sample signs (github.com/zoom/webhook-sample, index.js), over the raw body.
"""

import hashlib
import hmac
import json
import subprocess

NODE = (
    "const c = require('node:crypto'); const [s, m] = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
    "process.stdout.write(c.createHmac('sha256', s).update(m).digest('hex'))"
)


def by_python(secret, message):
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def by_node(secret, message):
    return subprocess.run(
        ["node", "-e", NODE], input=json.dumps([secret, message]), capture_output=True, text=True, check=True
    ).stdout


BODIES = [
    '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680}',
    # Spaces, escapes and an exponent: parsed and written again it would be another text.
    '{ "event": "meeting.participant_joined",\n  "event_ts": 1.69691040e12, "payload": {"object": {"topic": "\\u00e9t\\u00e9 / \\/"}}}',
    '{"event":"meeting.participant_joined","payload":{"object":{"participant":{"user_name":"山田 太郎 👩‍🏫"}}}}',
    "",
]
CASES = [
    ("WebhookSecretToken_22ch", "1654503849"),
    ("WebhookSecretToken_22ch", "1654503849680"),
    # Longer than SHA-256's block: it is hashed first.
    ("k" * 100, "1654503849"),
]

vectors = {"signatures": [], "challenges": []}
for made_by, digest in (("python hmac", by_python), ("node crypto", by_node)):
    for secret, timestamp in CASES:
        for body in BODIES:
            signature = "v0=" + digest(secret, f"v0:{timestamp}:{body}")
            vectors["signatures"].append(
                {"made_by": made_by, "secret": secret, "timestamp": timestamp, "body": body, "signature": signature}
            )
        token = "qgg8vlvZRS6UYooatFL8Aw"
        vectors["challenges"].append(
            {"made_by": made_by, "secret": secret, "plain_token": token, "encrypted_token": digest(secret, token)}
        )
print(json.dumps(vectors, indent=1, ensure_ascii=False))
