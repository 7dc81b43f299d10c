"""A monitoring system for tests: `monitor.py PORT FOLDER [CERTIFICATE KEY]`.

It appends what is POSTed to FOLDER/received.jsonl, answers what FOLDER/status says (200 without), and gives the
commands in FOLDER/commands.json to whoever asks with the token in FOLDER/token.
"""

import http.server
import json
import os
import ssl
import sys

PORT, FOLDER = int(sys.argv[1]), sys.argv[2]


def kept(name, otherwise):
    try:
        with open(os.path.join(FOLDER, name)) as file:
            return file.read().strip()
    except FileNotFoundError:
        return otherwise


class Monitor(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = int(kept("status", "200"))
        if status == 200:
            line = {"path": self.path, "authorization": self.headers["Authorization"], "body": json.loads(body)}
            with open(os.path.join(FOLDER, "received.jsonl"), "a") as file:
                file.write(json.dumps(line) + "\n")
        self.answer(status, b"as status says")

    def do_GET(self):
        commands = kept("commands.json", "").encode()
        if self.headers["Authorization"] != "Bearer " + kept("token", ""):
            self.answer(401, b"who are you?")
        elif commands:
            self.answer(200, commands)
        else:
            self.answer(204, b"")

    def answer(self, status, body):
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Monitor)
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
