# The runner: what of ours lives where a user's script runs. POSIX sh, no other program, one fork per run.
#
#   sh runner.sh die|linger fifo|stdin watch|reached CONTROL [LEFT]
#
# Process 1 of its own PID namespace. CONTROL is a folder that is read-only here; in it `request`, `answer` and `life` are FIFOs.
# Requests, a line each; anything else is ignored:
#   run ID     run the script with the variables in CONTROL/ID (single-quoted assignments), end all it left, answer
#   check ID   answer 0 when nothing outlives the processes (System V and POSIX IPC), else 1
#   hello ID   answer 0: the loop has begun
#   kill ID    (on `life`, or on standard input) end that run now
# The answer is a line `done ID CODE` between line ends of its own; ID is random and the script cannot learn it: a name in CONTROL,
# which can be entered and not listed.
#
#   die      end-of-file on `request` or `life` ends process 1, and the kernel everything with it
#   linger   end-of-file is ignored, the FIFOs are opened again, and the answer is left in the file LEFT too
#   stdin    requests come on standard input, answers go to standard output behind an RS character
#   watch    a reader, forked anew for each run, turns `kill ID` and end-of-file into a signal to this loop: it stands in
#            `wait` and reads nothing itself; `reached`: whoever is outside sends that signal (TERM: end the run, HUP: end)

[ $$ -eq 1 ] || exit 125 # `kill -9 -1` below would reach the whole machine
life=$1 door=$2 watch=$3 control=$4 left=${5-}
last='' signalled=''
exec 8>&2 2>/dev/null # shells speak of killed children on their own standard error

# A trap that only notes would lose a signal between two commands; this one acts wherever it comes.
trap 'signalled=1; kill -9 -1' TERM
if [ "$life" = die ]; then trap 'exit 0' HUP; else trap '' HUP; fi
trap '' INT QUIT USR1 USR2 ALRM PIPE

if [ "$door" = stdin ]; then
    exec 3<&0 4>&1
else
    exec 3<"$control/request" 4<>"$control/answer"
fi
exec 0</dev/null

watcher() { # turns what comes in while the loop waits into signals; $1 is the run
    trap - TERM HUP INT QUIT USR1 USR2 ALRM PIPE
    exec 1>/dev/null 4>&- 8>&-
    if [ "$door" = fifo ]; then exec 3<"$control/life"; fi
    while :; do
        while read -r word id rest <&3; do
            if [ "$word $id" = "kill $1" ]; then kill -TERM 1; fi
        done
        if [ "$life" = die ]; then kill -HUP 1; fi
        if [ "$door" = stdin ]; then return; fi
        exec 3<"$control/life"
    done
}

answer() {
    if [ "$left" ]; then printf 'done %s %s\n' "$1" "$2" >"$left"; fi
    if [ "$door" = stdin ]; then printf '\n\036done %s %s\n' "$1" "$2" >&4; else printf '\ndone %s %s\n' "$1" "$2" >&4; fi
}

run() {
    last=$1
    (
        trap - TERM HUP INT QUIT USR1 USR2 ALRM PIPE
        exec 2>&8 3<&- 4>&- 8>&-
        . "$control/$1"
        exec /bin/sh /oscar/config/script.sh
    ) &
    script=$! reader=''
    if [ "$watch" = watch ]; then
        watcher "$1" &
        reader=$!
    fi
    wait "$script"
    code=$?
    kill -9 -1
    if [ "$reader" ]; then wait "$reader"; fi # else it could still take a byte of the next request
    wait
    answer "$1" "$code"
}

check() {
    dirty=0
    for kind in shm msg sem; do
        if [ -r "/proc/sysvipc/$kind" ] && { read -r heading && read -r heading; } <"/proc/sysvipc/$kind"; then dirty=1; fi
    done
    for queue in /dev/mqueue/*; do
        if [ -e "$queue" ]; then dirty=1; fi
    done
    answer "$1" "$dirty"
}

while :; do
    if ! read -r word id rest <&3; then
        if [ "$signalled" ]; then
            signalled=''
        elif [ "$life" = die ] || [ "$door" = stdin ]; then
            exit 0
        else
            exec 3<"$control/request"
        fi
        continue
    fi
    case $id in '' | *[!0-9A-Za-z-]*) continue ;; esac
    if [ "$rest" ]; then continue; fi
    case $word in
    run) if [ "$id" != "$last" ] && [ -f "$control/$id" ]; then run "$id"; fi ;;
    check) check "$id" ;;
    hello) answer "$id" 0 ;;
    esac
done
