#!/bin/sh
# interpreter.sh VERSION: print the path of a Python of this version that can make environments: the one on the PATH,
# from pyenv, or from uv. Fails, and says what to do, when there is none.
version=$1
from_uv=$(uv python find --no-python-downloads "$version" 2>/dev/null)
for found in "$(command -v "python$version")" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python "$from_uv"; do
  if [ -x "$found" ] && "$found" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "$found"
    exit 0
  fi
done
echo "no Python $version here: install it by the system's packages, 'pyenv install $version' or 'uv python install $version'" >&2
exit 1
