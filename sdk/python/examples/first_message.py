import claudemesh

# The daemon that `claudemesh up` started, found as the command line finds it.
with claudemesh.connect() as mesh:
    member = mesh.health().member

    # Delivered when this returns: on disk at the receiver, which here is the sender itself.
    sent = mesh.send(member.address, "the build is green", meta={"build": 42}, id="build-42", wait="delivered")
    print("delivered", sent.client_message_id)

    for item in mesh.inbox.list(unread=True):
        print(f"{item.from_.name}: {item.message}", item.meta)
        mesh.inbox.mark_read(item.inbox_id)
