# What check and play share; they source it in the repository's root. Podman with a store of its own under target/,
# on any file system, and limits that need neither systemd nor cgroups to be set up.

work=$PWD/target/image
mkdir -p "$work"
cat > "$work/containers.conf" << 'END'
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
END
cat > "$work/storage.conf" << END
[storage]
driver = "vfs"
graphroot = "$work/store"
runroot = "$work/run"
END
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf
pod() { podman --log-level error "$@"; }

# needs WHAT COMMAND...: ends the script, saying aloud what is then not done, unless these are there.
needs() {
  local what=$1 command
  shift
  for command; do
    if ! command -v "$command" > /dev/null; then
      echo "SKIPPED: no $command here, so $what" >&2
      exit 0
    fi
  done
}

# can_run WHAT IMAGE: ends the script in the same way where this machine lets podman run nothing.
can_run() {
  local said
  if ! said=$(pod run --rm --network host "localhost/$2" true 2>&1); then
    echo "SKIPPED: podman can run no container here (${said##*$'\n'}), so $1" >&2
    exit 0
  fi
}

# wait_for WHAT SECONDS COMMAND...
wait_for() {
  local what=$1 until=$((SECONDS + $2))
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < until)) || { echo "FAILED: $what: not within the time given" >&2; return 1; }
    sleep 0.05
  done
}

# milliseconds SINCE, as date +%s%N gave it
milliseconds() { echo $((($(date +%s%N) - $1) / 1000000)); }

# ready PORT; publish PORT VIEW; acknowledged PORT
ready() { curl -sf "127.0.0.1:$1/q/health/ready"; }
publish() {
  curl -sf -o /dev/null -X POST -H 'Content-Type: application/json' -d "{\"feature_view\": \"$2\"}" \
    "127.0.0.1:$1/v1/feature-updates"
}
acknowledged() {
  curl -sf "127.0.0.1:$1/q/metrics" | grep -q 'feature_update_processing_lag_seconds_count{outcome="acked"} 1.0'
}
