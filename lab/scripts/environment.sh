# Sourced by the lab's commands: makes lab/.state/venv, or what $venv_name names there, where it is
# missing or out of date, and enters lab/.
cd "$(dirname "$0")"
umask 022
# Without bytecode each of the many processes would compile the project anew.
unset PYTEST_ADDOPTS PYTHONPATH PYTHONDONTWRITEBYTECODE
venv=$PWD/.state/${venv_name:-venv}
wanted=$(cat ../pyproject.toml requirements.txt | cksum)

fail() {
    echo "lab: $1" >&2
    exit 1
}

if [ "$(cat "$venv/installed" 2>/dev/null)" != "$wanted" ]; then
    python=${PYTHON:-python3}
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        [ -e /etc/debian_version ] && [ "$(id -u)" = 0 ] ||
            fail "$python cannot make virtual environments; install Python 3.11 or newer with venv"
        echo "- installing python3-venv with apt-get"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            apt-get install -qq -y --no-install-recommends python3-venv > /dev/null ||
            fail "apt-get could not install python3-venv"
    fi
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$python is too old: Python 3.11 or newer is needed; name one with PYTHON=..."
    echo "- virtual environment $venv (about half a minute)"
    mkdir -p .state
    "$python" -m venv --clear "$venv"
    (cd .. && "$venv/bin/pip" install -q -e '.[local,grpc,mail,browser,lint,proof,kubernetes]') ||
        fail "pip could not install the project and its dependencies; see its message above"
    echo "$wanted" > "$venv/installed"
fi
PATH=$venv/bin:$PATH
export PATH

# What tests, lint and site need beside it.
with_groups() {
    if [ "$(cat "$venv/installed-tests" 2>/dev/null)" != "$wanted" ]; then
        echo "- test and lint dependencies"
        # Dependency groups need a newer pip than the one that Debian's Python brings.
        (cd .. && "$venv/bin/pip" install -q --upgrade pip &&
            "$venv/bin/pip" install -q --group test --group lint --group docs -r lab/requirements.txt) ||
            fail "pip could not install the test dependencies; see its message above"
        echo "$wanted" > "$venv/installed-tests"
    fi
}
