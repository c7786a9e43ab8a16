"""Chromium for the browser tests: Debian's package, installed when we are root and it is missing."""

import os
import shutil
import subprocess
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")
TRIED = "ERP_NO_CHROMIUM"


def find_chromium() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install_chromium() -> str:
    """Make sure there is a Chromium; the reason in words when there is none and none can be installed."""
    if find_chromium():
        return ""
    if os.geteuid() != 0:
        return "Chromium is not installed (as root: apt-get install chromium fonts-noto-cjk)"
    if not shutil.which("apt-get") or not Path("/etc/debian_version").exists():
        return "Chromium is not installed, and this is not a Debian where it could be"
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", *command], env=quiet, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    return "" if find_chromium() else f"apt-get could not install Chromium: {done.stderr.strip()[-300:]}"
