"""A client that knows frames and no layouts: its memory is a bytearray at an address of 64 bits. serve-client.py SERVER..."""
import json
import struct
import subprocess
import sys
import uuid

BASE, OP, NAME, DATA = 0xFFFF888000000000, 0x100, 0x200, 0x400
memory = bytearray(0x1000)
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def exchange(kind, body):
    server.stdin.write(struct.pack("<IBBH", 8 + len(body), kind, 0, 1) + body)
    server.stdin.flush()
    length, kind, _, _ = struct.unpack("<IBBH", server.stdout.read(8))
    return kind, server.stdout.read(length - 8)


def platform_op(address):
    at = address - BASE
    kind, body = exchange(2, struct.pack("<IHHQ", 7, 136, 0, address) + memory[at : at + 136])
    while kind == 3:
        have = b""
        for n in range(struct.unpack_from("<I", body)[0]):
            start, length = struct.unpack_from("<QI", body, 4 + 12 * n)
            at = start - BASE
            part = memory[at : at + length] if 0 <= at < len(memory) else b""
            have += struct.pack("<I", len(part)) + part
        kind, body = exchange(4, have)
    assert kind == 5, body[4:].decode()
    ret, writes = struct.unpack_from("<iI", body)
    at = 8
    for _ in range(writes):
        start, length = struct.unpack_from("<QI", body, at)
        memory[start - BASE : start - BASE + length] = body[at + 12 : at + 12 + length]
        at += 12 + length
    return ret


def variable(function, misc, size, data=BASE + DATA):
    guid = uuid.UUID("11111111-2222-3333-4444-555555555555").bytes_le
    head = struct.pack("<IIIIQQQQ", 49, 0x03000001, function, misc, 0, BASE + NAME, size, data)
    memory[OP : OP + 136] = (head + guid).ljust(136, b"\0")
    ret = platform_op(BASE + OP)
    return ret, *struct.unpack_from("<QQQ", memory, OP + 16)[::2]


def control(request):
    kind, body = exchange(6, json.dumps(request).encode())
    return json.loads(body)


print(exchange(1, struct.pack("<4sHBBI", b"XEFI", 1, 1, 0, 4096))[0])
name = "Größe".encode("utf-16-le") + b"\0\0"
memory[NAME : NAME + len(name)] = name
memory[DATA : DATA + 5] = b"value"
print(variable(7, 7, 5))
memory[DATA : DATA + 5] = b"xxxxx"
print(variable(6, 0, 100), bytes(memory[DATA : DATA + 6]))
print(variable(7, 7, 5, BASE + 0x2000))
print(control({"get": {"name": "Größe", "guid": "11111111-2222-3333-4444-555555555555"}})["variable"]["data"])
print(control({"get": 1})["error"])
server.stdin.close()
print(server.wait())
