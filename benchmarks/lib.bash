# What the benchmarks' commands share; sourced by them, in this folder.

# Ends the processes given and waits for them: TERM, after 20 s KILL.
stop() {
  local pid
  for pid; do
    kill -TERM "$pid" 2> /dev/null || continue
    for _ in {1..200}; do
      kill -0 "$pid" 2> /dev/null || continue 2
      sleep 0.1
    done
    kill -KILL "$pid" 2> /dev/null
  done
}

# field NAME 'a=1 b=2': the value of a field in a line of such.
field() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" <<< " $2 "; }

# Numbers, one a line: their median.
median() { sort -n | awk '{v[NR] = $1} END {if (NR) print (NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2); else print "?"}'; }

busy_ticks() { awk '/^cpu / {print $2 + $3 + $4 + $7 + $8 + $9}' /proc/stat; }

# Waits until for two seconds less than MAX_OTHER (0.15) cores were in use, at most IDLE_WAIT_S (120).
await_quiet() {
  local end=$((SECONDS + ${IDLE_WAIT_S:-120})) before
  while ((SECONDS < end)); do
    before=$(busy_ticks)
    sleep 2
    awk -v used=$(($(busy_ticks) - before)) -v most="${MAX_OTHER:-0.15}" 'BEGIN {exit !(used / 200 < most)}' && return
  done
  echo 'the machine is not quiet' >&2
}

# What the figures were measured on.
machine() {
  echo "$(date -u +%Y-%m-%d), $(nproc) cores ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)), $(awk '/MemTotal/ {printf "%.0f GB", $2 / 1e6}' /proc/meminfo), $(java -version 2>&1 | sed -n 's/.*build \(.*\)).*/JDK \1/p' | head -1)"
}
