"""The programs a bench calls; installs what is absent from the distribution."""

import os
import shutil
import subprocess

PACKAGES = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "wrk": "wrk",
    "h2load": "nghttp2-client",
    "mariadb": "mariadb-client",
    "mariadbd": "mariadb-server",
    "openssl": "openssl",
    "valgrind": "valgrind",
    "callgrind_annotate": "valgrind",
}


def require(*programs):
    """Makes sure that every program can be found, or ends the bench."""
    # Distributions keep servers in sbin, which is not in everybody's PATH.
    os.environ["PATH"] += os.pathsep + os.pathsep.join(["/usr/local/sbin", "/usr/sbin"])
    absent = [program for program in programs if shutil.which(program) is None]
    if not absent:
        return
    packages = sorted({PACKAGES[program] for program in absent})
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(f"absent: {', '.join(absent)}; install {' '.join(packages)} first")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *packages]):
        # A service that the package would start is not wanted: the bench runs its own.
        subprocess.run(
            ["apt-get", "-o", "Dpkg::Options::=--force-confold", *command],
            check=True, timeout=600, env=dict(environment, RUNLEVEL="1"), stdout=subprocess.DEVNULL,
        )
    still = [program for program in programs if shutil.which(program) is None]
    if still:
        raise SystemExit(f"installed {' '.join(packages)}, but still absent: {', '.join(still)}")
