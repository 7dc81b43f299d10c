"""A robot service as TARS writes them: strict about what it receives, and answering in the same envelope.

Usage: robot.py PORT. Prints `ready`, then one line for each message it accepts or refuses.
"""

import json
import sys
import time
import uuid

import paho.mqtt.client as mqtt

ENVELOPE = {"id", "type", "ts", "source", "data"}
SAY = {"message_id", "text", "voice", "lang", "utt_id", "style", "stt_ts"}


def check(payload):
    envelope = json.loads(payload)
    if set(envelope) != ENVELOPE:
        raise ValueError(f"keys of the envelope: {sorted(envelope)}")
    if not isinstance(envelope["ts"], float) or not isinstance(envelope["data"], dict):
        raise ValueError("ts must be a float and data an object")
    unknown = set(envelope["data"]) - SAY
    if unknown:
        raise ValueError(f"unknown keys: {sorted(unknown)}")
    if any(value is None for value in envelope["data"].values()):
        raise ValueError("a key without a value")
    return envelope


def on_connect(client, userdata, flags, code, properties):
    client.subscribe("tts/say", qos=1)


def on_subscribe(client, userdata, mid, codes, properties):
    print("ready", flush=True)


def on_message(client, userdata, message):
    try:
        envelope = check(message.payload)
    except ValueError as error:
        print(f"refused {error}", flush=True)
        return
    print(f"accepted {envelope['data']['text']}", flush=True)
    status = {
        "id": envelope["id"],
        "type": "tts.status",
        "ts": time.time(),
        "source": "robot",
        "data": {
            "message_id": uuid.uuid4().hex,
            "event": "speaking_start",
            "text": envelope["data"]["text"],
            "ts": time.time(),
        },
    }
    client.publish("tts/status", json.dumps(status), qos=1)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "robot", protocol=mqtt.MQTTv5)
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
client.connect("127.0.0.1", int(sys.argv[1]))
client.loop_forever()
