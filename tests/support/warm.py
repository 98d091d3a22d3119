"""Commands without their imports: a process that has imported what a command needs forks for each call of it.

Half of what the pages' commands take is the import of anemoi and torch, again and again. ``warm.bin`` is a folder of
programs of the usual names: each hands its words, its folder, its environment and its three files to that process,
whose child runs the command's own entry point in them and says how it ended.
"""

import atexit
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import traceback
from importlib.metadata import entry_points
from pathlib import Path

#: program -> what its first call would import beside its entry point; pyproj has to come before eccodes
PROGRAMS = {
    "anemoi-datasets": (
        "pyproj",
        "anemoi.datasets.create.tasks",
        "anemoi.transform.filter",
        "earthkit.data",
        "eccodes",
    ),
    "anemoi-inference": ("pyproj", "anemoi.inference.runners", "anemoi.inference.outputs.gribfile"),
    "anemoi-training": (
        "pyproj",
        "anemoi.training.train.train",
        "anemoi.training.diagnostics.callbacks.plot",
        "mlflow",
    ),
    "anemoi-scaleadapt": ("pyproj", "torch", "xarray", "pandas", "dask.array", "matplotlib.pyplot", "rich.progress"),
}
CLIENT = """#!{python} -IS
import json, os, socket, sys
here = socket.socket(socket.AF_UNIX)
here.connect({address!r})
told = json.dumps([{program!r}, sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(here, [len(told).to_bytes(8, "big")], [0, 1, 2])
here.sendall(told)
sys.exit((here.recv(1) or b"\\x01")[0])
"""


class Warm:
    """The process, and the folder of programs that ask it.

    Parameters
    ----------
    folder : Path
        Where both are made.
    """

    def __init__(self, folder: Path) -> None:
        self.bin, address = folder / "bin", str(folder / "socket")
        self.bin.mkdir()
        for program in PROGRAMS:
            path = self.bin / program
            path.write_text(CLIENT.format(python=sys.executable, address=address, program=program))
            path.chmod(0o755)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HOME": str(folder), "GIT_PYTHON_GIT_EXECUTABLE": "no-git"}
        words = [sys.executable, str(Path(__file__)), address]
        self.process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE)
        assert self.process.stdout and self.process.stdout.readline() == b"ready\n"

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def serve(address: str) -> None:
    """Answer calls until killed."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    known: set[str] = set()
    while True:
        call, _ = server.accept()
        size, files, *_ = socket.recv_fds(call, 8, 3)
        told = b""
        while len(told) < int.from_bytes(size, "big"):
            told += call.recv(1 << 16)
        program, words, folder, environment = json.loads(told)
        if program not in known:
            known.add(program)
            for module in PROGRAMS[program]:
                importlib.import_module(module)
        if os.fork() == 0:
            server.close()
            answer(call, files, program, words, folder, environment)
        call.close()
        for file in files:
            os.close(file)


def answer(call: socket.socket, files: list, program: str, words: list, folder: str, environment: dict) -> None:
    """Run one command in a child, as its own process would."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.path[0] = [program, *words], folder
    status = 0
    try:
        (script,) = entry_points(group="console_scripts", name=program)
        sys.exit(script.load()())
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()  # as at the end of any process: pools end before what waits for them
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    call.sendall(bytes([status % 256]))
    os._exit(status % 256)


if __name__ == "__main__":
    serve(sys.argv[1])
