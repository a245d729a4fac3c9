"""A node program for tests: answers TCP with its name, and writes down every UDP packet it gets.

`python echo.py NAME ADDRESS PORT FOLDER [HABIT]`. FOLDER/packets gets one line per packet, FOLDER/starts one
line per start. Habits: "die" ends at once with code 3, "deaf" never listens, "stubborn" ignores SIGTERM,
"daemon" also runs a child in a session of its own,
"mortal" ends with code 5 when it is sent the packet "die".
"""

import os
import signal
import socket
import sys
import threading


def answer(server: socket.socket, name: str) -> None:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(name.encode())


def main(name: str, address: str, port: str, folder: str, habit: str = "") -> None:
    with open(f"{folder}/starts", "a") as starts:
        starts.write(f"{os.getpid()}\n")
    print(f"{name} says hello", flush=True)
    if habit == "die":
        print("this node dies", file=sys.stderr)
        sys.exit(3)
    if habit == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if habit == "daemon" and os.fork() == 0:
        os.setsid()
        signal.pause()
    if habit == "deaf":
        signal.pause()
    packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    packets.bind((address, int(port)))
    if name != "clients":
        server = socket.create_server((address, int(port)))
        threading.Thread(target=answer, args=(server, name), daemon=True).start()
    with open(f"{folder}/packets", "a", buffering=1) as log:
        while True:
            text = packets.recv(1000).decode()
            log.write(f"{text}\n")
            if habit == "mortal" and text == "die":
                print("a packet told it to", file=sys.stderr, flush=True)
                os._exit(5)


main(*sys.argv[1:])
