from ._errors import ClaudemeshError as ClaudemeshError
from ._json import parse_json as parse_json
from ._meta import canonical_meta as canonical_meta
from ._fingerprint import wire_fingerprint as wire_fingerprint, local_fingerprint as local_fingerprint
