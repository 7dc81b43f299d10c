"""Publishes and receives with aiomqtt. Usage: throughput.py PORT QOS COUNT. Prints messages/s and CPU seconds."""

import asyncio
import json
import resource
import socket
import sys
import time
import uuid

import aiomqtt


async def main(port, qos, count):
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, identifier="throughput-python",
                              max_inflight_messages=100,
                              socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]) as client:
        client.pending_calls_threshold = count + 1
        await client.subscribe("throughput/python", qos=qos)
        began = time.monotonic()
        window = asyncio.Semaphore(100)

        async def receive():
            received = 0
            async for message in client.messages:
                json.loads(message.payload)
                received += 1
                if received == count:
                    return

        async def publish(seq):
            async with window:
                envelope = {
                    "id": uuid.uuid4().hex,
                    "type": "bench.event",
                    "ts": time.time(),
                    "source": "throughput-python",
                    "data": {"seq": seq, "text": "x" * 128},
                }
                await client.publish("throughput/python", json.dumps(envelope), qos=qos)

        await asyncio.gather(receive(), *(publish(seq) for seq in range(count)))
        elapsed = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(count / elapsed, usage.ru_utime + usage.ru_stime)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
