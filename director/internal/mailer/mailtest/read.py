"""Reads a Maildir with Python's own library and prints what is in it as JSON, in the order of arrival."""
import email
import email.policy
import json
import mailbox
import os
import sys


def show(raw):
    m = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [repr(d) for p in m.walk() for d in p.defects]
    parts = {"text/plain": "", "text/html": ""}
    for p in m.walk():
        if p.get_content_type() in parts:
            parts[p.get_content_type()] = p.get_content()
    return {
        "headers": {k.lower(): str(v) for k, v in m.items()}, "names": [k for k in m.keys()], "type": m.get_content_type(),
        "text": parts["text/plain"], "html": parts["text/html"], "defects": defects, "longest": max(len(x) for x in raw.split(b"\r\n")),
    }


folder = mailbox.Maildir(sys.argv[1], create=True)
new = os.path.join(sys.argv[1], "new")
names = sorted(os.listdir(new), key=lambda n: os.stat(os.path.join(new, n)).st_mtime_ns)
json.dump([show(open(os.path.join(new, n), "rb").read()) for n in names], sys.stdout)
