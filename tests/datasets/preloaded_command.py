"""`anemoi-datasets` without the 5 s that its imports take: a program that imports once and forks for every call.

    python preloaded_command.py SOCKET     the server
    python preloaded_command.py SOCKET -   writes the stand-in for the command on the standard output

The stand-in hands its arguments, folder and outputs to the server. The `main` of anemoi-datasets runs in a process of
its own, which begins and ends as the command does.
"""

import importlib
import json
import os
import signal
import socket
import sys

STAND_IN = """#!{python} -S
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    socket.send_fds(line, [json.dumps([os.getcwd(), sys.argv]).encode()], [1, 2])
    sys.exit(int(line.recv(8)))
"""


def serve(address: str) -> tuple[bytes, list[int]]:
    """Fork for every call; come back only in the fork that is to run it, with its message and its outputs."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
        while True:
            line, _ = server.accept()
            if os.fork():
                line.close()
                continue
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            message, outputs, *_ = socket.recv_fds(line, 1 << 16, 2)
            call = os.fork()
            if call == 0:
                line.close()
                return message, outputs
            status = os.waitstatus_to_exitcode(os.waitpid(call, 0)[1])
            line.sendall(str(status if status >= 0 else 128 - status).encode())
            os._exit(0)


if __name__ == "__main__":
    if sys.argv[2:] == ["-"]:
        print(STAND_IN.format(python=sys.executable, address=sys.argv[1]), end="")
        sys.exit()
    import pyproj  # noqa: F401, I001  (first)
    import anemoi.datasets.create.tasks  # noqa: F401
    from anemoi.datasets.__main__ import main

    from anemoi.datasets.usage import analytics

    import anemoi_scaleadapt.datasets.coarsen
    import anemoi_scaleadapt.datasets.source  # noqa: F401

    message, outputs = serve(sys.argv[1])
    importlib.reload(analytics)  # holds a pool of processes, whose pipes the forks must not share
    folder, sys.argv = json.loads(message)
    os.chdir(folder)
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
    sys.exit(main())
