"""Everything that docs/sdk.md shows, in one program. It runs against the daemon that the environment names."""

import threading

import claudemesh
from claudemesh import ClaudemeshError, canonical_meta, local_fingerprint

mesh = claudemesh.connect()
me = mesh.health().member.address

# Send, and wait.
sent = mesh.send(me, "the build is green", id="build-42", meta={"build": 42}, wait="delivered", timeout_s=10)
print([stage.stage for stage in sent.message.stages])

# The same message again: it is not sent twice.
again = mesh.send(me, "the build is green", id="build-42", meta={"build": 42})
print(again.duplicate, again.history_id == sent.message.history_id)

# Receipts.
message = mesh.wait_for("build-42", "accepted")
print(message.stages[1].stage)

# Bytes.
mesh.send(me, body=bytes([1, 2, 255]), wait="delivered")

# The inbox.
for item in mesh.inbox.list(unread=True):
    print(item.from_.name, item.message or item.content)
    mesh.inbox.mark_read(item.inbox_id)
for item in mesh.inbox.search("green"):
    print("found", item.message)

# Topics and mentions.
mesh.topics.create("builds")
mesh.topics.join("builds")
mesh.send("#builds", "build 42 is red", wait="accepted")
for told in mesh.history("#builds"):
    if told.unavailable is None:
        print(told.to, told.message)
mesh.send(me, "was it you?", mentions=[me], wait="delivered")
for item in mesh.mentions():
    print("mentioned:", item.message)

# Events.
with mesh.events() as events:
    mesh.send(me, "hello")
    for event in events:
        if event.event == "message":
            print(event.event, event.inbox_item().message)
            break

# A worker.
mesh.queues.create("jobs")
mesh.send("queue:jobs", "make test", wait="accepted")
enough = threading.Event()


def work(job: claudemesh.ClaimedMessage, lost: threading.Event) -> None:
    print("working on", job.message)
    enough.set()


done = mesh.queues.work("jobs", work, stop=enough)
print(done, "done")

# Errors.
try:
    mesh.send("@nobody", "anybody there?")
except ClaudemeshError as error:
    print(error.code, error.retryable, error.hint is not None)

# What is compared when an id is used again, without a daemon.
print(canonical_meta('{"b": 1.0, "a": "\\u00e9"}'))
print(len(local_fingerprint("0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12", "@bob", "hi")))
mesh.close()
