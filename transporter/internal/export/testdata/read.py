"""Reads an export with nothing but Python's standard library and prints what it finds, one JSON object for each message.

usage: read.py eml FOLDER | mbox FOLDER | maildir FOLDER

A third argument "lenient" is for mail whose headers no parser of addresses can make sense of: it prints names of headers and
the content types alone.
"""
import email, email.policy, email.utils, hashlib, json, mailbox, os, re, sys

LENIENT = sys.argv[3:] == ["lenient"]
POLICY = email.policy.compat32 if LENIENT else email.policy.default


def parse(raw):
    # From a string, so that headers of RFC 6532 are taken for what they are.
    return email.message_from_string(raw.decode("utf-8", "surrogateescape"), policy=POLICY)


def addresses(message, name):
    found = []
    for header in message.get_all(name, []):
        for group in header.groups:
            if group.display_name is not None and not group.addresses:
                found.append(["".join(group.display_name.split()), ""])
            # Python before 3.12 keeps the blank between two encoded words of a name: names are compared without blanks.
            for a in group.addresses:
                name = "".join(a.display_name.split())
                found.append([name if name != a.addr_spec else "", a.addr_spec])
    return found


def payload(part):
    return part.get_payload(decode=True) or b""


def describe(part):
    one = {
        "name": part.get_filename() or "",
        "type": part.get_content_type(),
        "disposition": part.get_content_disposition() or "",
        "id": (part["Content-ID"] or "").strip("<>"),
    }
    if part.get_content_type() == "message/rfc822":
        one["message"] = read(part.get_payload(0))
    elif part.get_content_type() == "message/external-body":
        one["url"] = part.get_param("url") or ""
    else:
        data = payload(part)
        one["size"] = len(data)
        one["sha256"] = hashlib.sha256(data).hexdigest()
        if part.get_content_type() == "text/plain":
            one["text"] = data.decode("utf-8", "replace")
    return one


def read_lenient(message):
    for part in message.walk():
        part.get_content_type(), part.get_filename(), part.get_payload(decode=not part.is_multipart())
    return {"headers": [[n, ""] for n in message.keys()], "type": message.get_content_type()}


def read(message):
    if LENIENT:
        return read_lenient(message)
    parts, body = [], message
    if body.get_content_type() == "multipart/mixed":
        children = list(body.iter_parts())
        body = children[0]
        parts = children[1:]
    if body.get_content_type() == "multipart/related":
        children = list(body.iter_parts())
        body = children[0]
        parts = children[1:] + parts
    date = message["Date"].datetime if message["Date"] else None
    return {
        "headers": [[n, str(v)] for n, v in message.items()],
        "subject": str(message["Subject"] or ""),
        "from": addresses(message, "From"),
        "sender": addresses(message, "Sender"),
        "to": addresses(message, "To"),
        "cc": addresses(message, "Cc"),
        "bcc": addresses(message, "Bcc"),
        "replyTo": addresses(message, "Reply-To"),
        "messageId": str(message["Message-ID"] or "").strip(),
        "date": int(date.timestamp()) if date else 0,
        "keywords": str(message["Keywords"] or ""),
        "importance": str(message["Importance"] or ""),
        "type": body.get_content_type(),
        "charset": body.get_content_charset() or "",
        "body": payload(body).decode("utf-8"),
        "parts": [describe(p) for p in parts],
        "defects": [type(d).__name__ for p in message.walk() for d in p.defects],
    }


def emit(where, flags, stamp, message, raw):
    one = read(message)
    one.update(where=where, flags=flags, stamp=stamp, raw=hashlib.sha256(raw).hexdigest())
    print(json.dumps(one))


def eml(root):
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            if name.endswith(".eml"):
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    raw = f.read()
                where = os.path.relpath(folder, root)
                emit(where, "", int(os.stat(path).st_mtime), parse(raw), raw)


def unquote(raw):
    return re.sub(rb"(?m)^>(>*From )", rb"\1", raw)


def mbox(root):
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            if name.endswith(".mbox"):
                path = os.path.join(folder, name)
                box = mailbox.mbox(path, create=False)
                for key in box.keys():
                    raw = box.get_bytes(key)
                    kept = box.get_message(key)
                    message = parse(unquote(raw))
                    emit(os.path.relpath(path, root), kept.get_flags(), 0, message, raw)


def maildir(root):
    def each(box, where):
        for key in box.iterkeys():
            kept = box.get_message(key)
            raw = box.get_bytes(key)
            emit(where, kept.get_flags(), int(kept.get_date()), parse(raw), raw)

    top = mailbox.Maildir(root, create=False)
    each(top, "")
    for name in top.list_folders():
        each(top.get_folder(name), name)


{"eml": eml, "mbox": mbox, "maildir": maildir}[sys.argv[1]](sys.argv[2])
