# shellcheck shell=bash
# What the commands in this folder share: messages, and installing what a machine lacks. Sourced, never run.

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# heading TEXT: one line that is easy to find in a long log.
heading() { printf '\n== %s\n' "$*" >&2; }

# postgres_bin: the folder of the newest PostgreSQL programs (Debian keeps them out of PATH); nothing when there is none.
postgres_bin() {
  local dir
  dir=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [[ -x $dir/initdb ]] || dir=$(dirname "$(command -v initdb || true)")
  [[ -x $dir/initdb ]] && printf '%s\n' "$dir"
}

has_command() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

# lacking COMPONENT…: the Debian packages of those components that this machine does not have.
lacking() {
  local component
  for component in "$@"; do
    case $component in
      compiler) has_command cc || printf 'gcc\nlibc6-dev\n' ;;
      curl) has_command curl || printf 'curl\n' ;;
      postgresql) [[ $(postgres_bin) ]] || printf 'postgresql\n' ;;
      mosquitto) has_command mosquitto || printf 'mosquitto\n' ;;
      rabbitmq) has_command rabbitmq-server || printf 'rabbitmq-server\n' ;;
      python) python3 -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv\n' ;;
      *) die "lacking: unknown component $component" ;;
    esac
  done
}

# need COMPONENT…: installs what is missing as root or through sudo; otherwise names the one command to run.
need() {
  local packages install=(apt-get install --yes --no-install-recommends)
  mapfile -t packages < <(lacking "$@")
  ((${#packages[@]})) || return 0
  local run=()
  if ((EUID != 0)); then
    may_sudo || die "missing packages. Run this, then try again:
  sudo apt-get update && sudo ${install[*]} ${packages[*]}"
    run=(sudo)
  fi
  heading "Installing ${packages[*]}"
  "${run[@]}" apt-get update --quiet
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" "${packages[@]}"
}

# Asks for the password only where somebody can type it.
may_sudo() { has_command sudo && { sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; }; }; }

need_rust() {
  PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
  has_command cargo || die "cargo not found. Install Rust from https://rustup.rs, then try again."
}

# need_cargo_tool NAME VERSION: a cargo subcommand, compiled once into ~/.cargo/bin.
need_cargo_tool() {
  has_command "$1" && return 0
  heading "Installing $1 $2 (once)"
  cargo install --locked --version "$2" "$1"
}
