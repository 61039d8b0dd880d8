"""A mail server for tests: the Debian package python3-aiosmtpd, behaving as it is told, delivering to a Maildir.

Told by a JSON object in argv[1]; prints its port when it listens, and serves until standard input ends.
"""
import asyncio
import base64
import hashlib
import hmac
import json
import mailbox
import ssl
import sys

from aiosmtpd.smtp import MISSING, SMTP, AuthResult

told = json.loads(sys.argv[1])
box = mailbox.Maildir(told["maildir"], create=True)
counts = {"greylisted": 0, "cut": 0}


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if told["hang"]:
            await asyncio.sleep(3600)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in told["refuse"]:
            return "550 5.1.1 no such person here"
        if counts["greylisted"] < told["greylist"]:
            counts["greylisted"] += 1
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if told["full"]:
            return "552 5.3.4 message too big"
        if counts["cut"] < told["cut"]:
            counts["cut"] += 1
            server.transport.abort()
            return "250 never heard"
        user = session.auth_data.decode() if isinstance(session.auth_data, bytes) else ""
        head = "X-Test-From: %s\r\nX-Test-To: %s\r\nX-Test-Tls: %s\r\nX-Test-User: %s\r\nX-Test-Hello: %s\r\n" % (
            envelope.mail_from, ",".join(envelope.rcpt_tos), bool(session.ssl), user, session.host_name)
        box.add(head.encode() + envelope.original_content)
        return "250 kept"

    async def auth_CRAM__MD5(self, server, args):
        challenge = b"<4711.1@mail.test>"
        answer = await server.challenge_auth(base64.b64encode(challenge).decode(), encode_to_b64=False)
        if answer is MISSING:
            return AuthResult(success=False, handled=False)
        user, _, digest = answer.partition(b" ")
        want = hmac.new(told["password"].encode(), challenge, hashlib.md5).hexdigest().encode()
        ok = user.decode() == told["user"] and hmac.compare_digest(digest, want)
        return AuthResult(success=ok, handled=False, auth_data=user)


def authenticate(server, session, envelope, mechanism, data):
    ok = data.login.decode() == told["user"] and data.password.decode() == told["password"]
    return AuthResult(success=ok, handled=False, auth_data=data.login)


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(told["certificate"], told["key"])
    return made


def server():
    return SMTP(
        Handler(), hostname="mail.test", enable_SMTPUTF8=True, authenticator=authenticate if told["user"] else None,
        auth_required=bool(told["user"]), auth_require_tls=told["security"] == "starttls",
        auth_exclude_mechanism=[m for m in ("LOGIN", "PLAIN", "CRAM-MD5") if told["login"] and m != told["login"]],
        tls_context=context() if told["security"] == "starttls" else None, require_starttls=told["security"] == "starttls")


async def main():
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(server, "127.0.0.1", 0, ssl=context() if told["security"] == "tls" else None)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listening.close()


asyncio.run(main())
