#!/usr/bin/env python3
"""The second implementation as an adapter (README.md): JSON lines on standard input, answers on standard output."""

import base64
import json
import sys

# No __pycache__ beside the sources.
sys.dont_write_bytecode = True

import close_reason
import negotiation
import request_fingerprint
import strict_json

PREIMAGES = {1: request_fingerprint.preimage_v1, 2: request_fingerprint.preimage_v2}


def canonicalize(request):
    source = request["text"] if "text" in request else base64.urlsafe_b64decode(request["base64url"] + "==")
    return {"canonical": (strict_json.canonical_meta if request.get("as") == "meta" else strict_json.canonical_value)(source)}


def fingerprint(request):
    version = request["version"]
    if not isinstance(version, int) or isinstance(version, bool) or version not in PREIMAGES:
        raise strict_json.Refused("invalid_field")
    fields = request_fingerprint.resolve(request["envelope"])
    return {"hex": request_fingerprint.sha256_hex(PREIMAGES[version](fields))}


def reason(request):
    return {"reason": close_reason.close_reason(request["kind"], request["feature"], request["detail"])}


def negotiate(request):
    if "own" in request:
        return {"answer": negotiation.answer(request["own"], request["asked"])}
    return {"verdict": negotiation.judge(request["offers"], request["floor_days"], request["ack_features"])}


def main():
    operations = {"canonicalize": canonicalize, "fingerprint": fingerprint, "close_reason": reason, "negotiate": negotiate}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            said = {"ok": True, **operations[request["op"]](request)}
        except strict_json.Refused as refused:
            said = {"ok": False, "code": refused.code}
        sys.stdout.write(json.dumps({"id": request["id"], **said}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
