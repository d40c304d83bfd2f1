#!/usr/bin/env bash
# Does a kernel with netem hold packets as the relay does? Boots Debian's kernel in a virtual machine
# (QEMU, which emulates it: that is slow and changes nothing but times) with this build in it,
# records the same small experiment with `rtt_by = ["netem", "tun"]`, as root and as nobody, and what
# `auto` does without netem, without `tc` and with both; then checks the records. Times in such a
# machine mean little, so only laws are checked: what no round trip can be shorter than, what is lost,
# what is told.
#
#   tests/netem-in-a-vm.sh [INFLIGHT]     a binary; by default the release build of this tree
#
# Needs Python 3, xz, qemu-system-x86_64, busybox, `tc`, and apt-get to fetch the kernel. Root
# has the missing ones installed by apt-get; for others it ends with 77, and so is no success.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
# Of the virtual machine. It takes a minute or two.
deadline_s=300
work=$(mktemp -d)
machine=
trap '[[ -z $machine ]] || kill "$machine" 2>/dev/null || true; rm -rf "$work"' EXIT

missing=()
command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
[[ -x /bin/busybox || -x /usr/bin/busybox ]] || missing+=(busybox-static)
PATH=$PATH:/usr/sbin:/sbin command -v tc >/dev/null || missing+=(iproute2)
if ! command -v apt-get >/dev/null || [[ ${#missing[@]} -gt 0 && $(id -u) != 0 ]]; then
  echo "NOT RUN: this needs ${missing[*]:-nothing more} and apt-get (as root, it installs what is missing)" >&2
  exit 77
fi
if [[ ${#missing[@]} -gt 0 ]]; then
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

# The kernel, of which nothing is installed.
apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 || apt-get -q update
package=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
[[ -n $package ]] || { echo "NOT RUN: apt-get knows no linux-image-cloud-amd64" >&2; exit 77; }
# As root, apt-get fetches as a user who must be able to write here.
mkdir "$work/kernel" && chmod 755 "$work" && chmod 777 "$work/kernel"
(cd "$work/kernel" && apt-get -q download "$package" && dpkg-deb -x ./*.deb .)
kernel=("$work"/kernel/boot/vmlinuz-*)

inflight=${1:-}
if [[ -z $inflight ]]; then
  (cd "$root" && cargo build --locked --release)
  inflight=$target/release/inflight
fi

# What the machine boots into: a folder in memory.
in=$work/in
mkdir -p "$in"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,etc,modules}
cp "$(command -v busybox || echo /bin/busybox)" "$in/bin/busybox"
for tool in sh cat mount insmod poweroff chmod mkdir su gzip base64 ls mv dmesg ip; do
  ln -s busybox "$in/bin/$tool"
done
cp "$inflight" "$in/bin/inflight"
# What debuggers want is most of a debug build, and all of it would be unpacked in there.
strip "$in/bin/inflight" 2>/dev/null || true
cp "$(PATH=$PATH:/usr/sbin:/sbin command -v tc)" "$in/usr/sbin/tc"
for library in $(ldd "$in/bin/inflight" "$in/usr/sbin/tc" "$in/bin/busybox" 2>/dev/null | grep -o '/[^ )]*\.so[^ )]*' | sort -u); do
  cp -L --parents "$library" "$in"
done
for module in sch_netem tun; do
  found=$(find "$work/kernel/lib/modules" -name "$module.ko*" | head -n 1)
  [[ -n $found ]] || { echo "$package has no $module" >&2; exit 1; }
  cp "$found" "$in/modules/"
  [[ $found != *.xz ]] || xz -d "$in/modules/$module.ko.xz"
done
printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n' > "$in/etc/passwd"

# Long round trips and delays: what may be late is a share of them, and an emulated machine is late.
cat > "$in/experiment.toml" <<'TOML'
title = "Two ways to hold packets"
question = "Do netem and the relay hold them for as long?"
record = "none"

[workload]
requests = 2
delay = "200ms"
rtt = "400ms"
rtt_by = ["netem", "tun"]

[[strategy]]
label = "sync"
model = "sequential"
reuse = ["none", "session"]

[blocks]
count = 2
warmup = 0
TOML
cat > "$in/init" <<'SH'
#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
chmod 1777 /tmp
recorded() { # NAME USER ARGUMENT…
  name=$1; user=$2; shift 2
  mkdir /tmp/$name; chmod 777 /tmp/$name
  su $user -c "cd /tmp/$name && inflight run /experiment.toml --quiet $*"
  echo "exit code of $name: $?"
  echo "begin $name"; cat /tmp/$name/results/*/*/trials.csv | gzip | base64; echo "end $name"
}
few="--blocks 1 --only reuse=session"
insmod /modules/tun.ko; chmod 666 /dev/net/tun
recorded no-kernel root $few --set workload.rtt_by=auto
recorded no-kernel-asked root $few --set workload.rtt_by=netem
insmod /modules/sch_netem.ko
mv /usr/sbin/tc /tmp/tc
recorded no-tool root $few --set workload.rtt_by=auto
mv /tmp/tc /usr/sbin/tc
recorded auto root $few --set workload.rtt_by=auto
recorded both-root root
recorded both-nobody nobody
poweroff -f
SH
chmod 755 "$in/init"
(cd "$in" && find . | "$in/bin/busybox" cpio -o -H newc 2>/dev/null | gzip -1) > "$work/initramfs"

timeout --kill-after=10 "$deadline_s" qemu-system-x86_64 -accel tcg,thread=multi \
  -cpu max -smp 2 -m 1G -nographic -no-reboot -nic none -kernel "${kernel[0]}" \
  -initrd "$work/initramfs" -append "console=ttyS0 quiet panic=-1 random.trust_cpu=on" \
  < /dev/null > "$work/console" 2>&1 &
machine=$!
code=0
wait "$machine" || code=$?
machine=
told() { sed '/^begin /,/^end /d' "$work/console" >&2; }
[[ $code == 0 ]] || { told; echo "the virtual machine ended with $code (124: not within $deadline_s s)" >&2; exit 1; }

python3 - "$work/console" <<'PY' || { told; exit 1; }
import base64, csv, gzip, io, re, sys

console = open(sys.argv[1], errors="replace").read().replace("\r", "")
RTT, DELAY, REQUESTS = 400_000_000, 200_000_000, 2

def rows(name):
    found = re.search(rf"^begin {name}\n(.*?)^end {name}$", console, re.S | re.M)
    assert found, f"no record of {name}"
    return list(csv.DictReader(io.StringIO(gzip.decompress(base64.b64decode(found[1])).decode())))

def measured(name, kind, trials):
    """Trials of this kind. One may be late, which is invalid: the machine is slow. But not all."""
    of_kind = [r for r in rows(name) if r["rtt_kind"] == kind]
    assert len(of_kind) == trials, f"{name}: {len(of_kind)} trials by {kind}, not {trials}"
    for reuse in {r["reuse"] for r in of_kind}:
        assert any(r["status"] == "ok" for r in of_kind if r["reuse"] == reuse), of_kind
    for r in of_kind:
        number = lambda column: int(r[column])
        where = f"{name}, {r['trial']} by {kind}"
        late = r["status"] == "invalid" and re.search("late|too long", r["reason"])
        assert r["status"] == "ok" or late, f"{where}: {r['status']}: {r['reason']}"
        trips = 2 * REQUESTS if r["reuse"] == "none" else 1 + REQUESTS
        assert number("wall_ns") >= trips * RTT + REQUESTS * DELAY, f"{where}: {r['wall_ns']} ns"
        assert number("connect_p50_ns") >= RTT, f"{where}: connects in {r['connect_p50_ns']} ns"
        p50, p99, worst = (number(f"rtt_error_{x}_ns") for x in ("p50", "p99", "max"))
        assert 0 < p50 <= p99 <= worst, f"{where}: errors {p50}, {p99}, {worst}"
        assert number("rtt_dropped") == 0, f"{where}: lost {r['rtt_dropped']}"
        # A question and an answer for each request at least, and no more than their packets: the
        # relay's own do not count.
        packets = number("rtt_packets")
        assert 2 * REQUESTS <= packets <= 20 * REQUESTS, f"{where}: {packets} packets"
    return of_kind

def say(what, of):
    late = sorted(int(r["rtt_error_p50_ns"]) // 1000 for r in of)
    connects = sorted(int(r["connect_p50_ns"]) // 1000 for r in of)
    packets = {u: sorted(int(r["rtt_packets"]) for r in of if r["reuse"] == u) for u in ("none", "session")}
    ok = sum(r["status"] == "ok" for r in of)
    print(f"{what}: {ok} of {len(of)} trials ok; connects in {connects[0]} to {connects[-1]} µs; "
          f"late by {late[0]} to {late[-1]} µs (p50); packets {packets}")

for name, reason in [("no-kernel", "kernel of this machine has no netem"), ("no-tool", "no `tc`")]:
    of = measured(name, "tun", 2)
    assert all(reason in r["rtt_no_netem"] for r in of), f"{name}: {of[0]['rtt_no_netem']}"
    say(f"{name} ({of[0]['rtt_no_netem']})", of)
asked = rows("no-kernel-asked")
assert [r["status"] for r in asked] == ["skipped"] * 2, asked
assert all("load its module" in r["reason"] and "rtt_by" in r["reason"] for r in asked), asked
print(f"no-kernel-asked: skipped: {asked[0]['reason']}")
of = measured("auto", "netem", 2)
assert all(r["rtt_no_netem"] == "" for r in of)
say("auto", of)
for user in ("root", "nobody"):
    for kind in ("netem", "tun"):
        of = measured(f"both-{user}", kind, 6)
        assert all(r["rtt_by"] == kind for r in of)
        say(f"{kind} as {user}", of)
PY
