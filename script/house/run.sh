#!/bin/sh
# Finds a Python and hands over to setup_env.py; every command in script/ goes through here.
set -eu
ERP_CALLER_DIR=$(pwd)
export ERP_CALLER_DIR
unset PYTHONSAFEPATH PYTHONHOME
cd "$(dirname "$0")/../.."
for python in ${PYTHON:-} python3 python3.11 python3.12 python3.13; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" -m script.house.setup_env "$@"
  fi
done
echo "Python 3.11 or newer is needed (Debian: apt-get install python3 python3-pip)." >&2
exit 1
