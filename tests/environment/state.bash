# shellcheck shell=bash
# Where the test environment keeps its state, and the few functions that its scripts share.

environment=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$environment/../.." && pwd)
state=${DOKPLOY_TEST_ENVIRONMENT:-$repository/target/test-environment}
logs=$state/logs

# Debian keeps these folders from the search path of users, who then would be told to install what is there.
PATH=$PATH:/usr/sbin:/sbin

say() {
  echo "${DOKPLOY_TEST_TITLE:-test environment}: $*" >&2
}

fail() {
  say "$@"
  exit 1
}

# A socket's path has to fit into 107 bytes, and the longest one lies two folders below the state.
[[ ${#state} -le 70 ]] || fail "set DOKPLOY_TEST_ENVIRONMENT to a folder with a shorter path than $state"

# Asks until the command succeeds, and shows the log of the thing that was waited for if it never does.
wait_until() {
  local seconds=$1 what=$2 log=$3
  shift 3
  local deadline=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)); then
      say "$what was not ready within $seconds seconds; the end of $log:"
      tail -n 40 "$log" >&2 || true
      return 1
    fi
    sleep 0.05
  done
}

# A folder's `pid` names the first process of its namespaces. A process id may have been reused since, so
# the process has to carry the folder's name too.
holder() {
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  grep -qsF -- "$1" "/proc/$pid/cmdline" || return 1
  echo "$pid"
}

# Starts a process that holds fresh process, mount, network and IPC namespaces. Killing that one process
# makes the kernel end every process, mount, interface and firewall rule in them, so nothing can be left.
hold() {
  local folder=$1 outer
  mkdir -p "$folder" "$logs"
  rm -f "$folder/held"
  # The first process must adopt and reap orphans, which bash does while it waits and `sleep` does not.
  # shellcheck disable=SC2016
  setsid unshare --fork --kill-child --pid --mount-proc --net --ipc --uts --propagation private \
    bash -c 'mount -t tmpfs tmpfs /dev/shm && ip link set lo up && hostname "${0##*/}" && touch "$0/held"
      sleep infinity & wait' "$folder" </dev/null >"$logs/$(basename "$folder")-namespaces.log" 2>&1 &
  outer=$!
  wait_until 10 "the namespaces of $folder" "$logs/$(basename "$folder")-namespaces.log" test -e "$folder/held"
  pgrep --parent "$outer" >"$folder/pid" || fail "the namespaces of $folder ended at once"
}

# Runs a command in the namespaces that a folder's process holds.
inside() {
  local pid
  pid=$(holder "$1") || fail "nothing runs for $1"
  shift
  nsenter --target "$pid" --pid --mount --net --ipc --uts -- "$@"
}

# Starts a command in those namespaces that outlives the script. It becomes a child of the first process in
# there: a parent outside might be stopped, and then the namespaces could not end.
inside_background() {
  local folder=$1 log=$2
  shift 2
  inside "$folder" setsid --fork "$@" </dev/null >>"$log" 2>&1
}

# Ends all that runs in a folder's namespaces. The first process of a process namespace is gone only when
# all the others are.
release() {
  local pid
  if pid=$(holder "$1"); then
    kill -KILL "$pid"
    wait_until 20 "the end of $1" /dev/null test ! -e "/proc/$pid"
  fi
}

# The test network is 10.213.N.0/24: the services have .1, the engines .2 and up, the host .254.
network() {
  cat "$state/network"
}

# Asks an engine's API: METHOD SOCKET PATH and more arguments for curl.
engine() {
  local method=$1 socket=$2 path=$3
  shift 3
  curl --silent --show-error --fail-with-body --max-time 60 --request "$method" \
    --unix-socket "$socket" "http://engine$path" "$@"
}

# Ends everything and removes what it stored. The logs stay until the next start.
clear_all() {
  local node
  # First of all, so that an interrupted clearing is not taken for a running environment.
  rm -f "$state/env"
  for node in "$state"/nodes/*/; do
    [[ ! -d $node ]] || "$environment/node" down "$(basename "$node")" 9>&-
  done
  release "$state/services"
  rm -rf "$state/services" "$state/nodes" "$state/addresses" "$state/network"
}
