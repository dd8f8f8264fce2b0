/**
 * In charge of what the first program of a guest does: a script for busybox's shell that mounts the disks, takes orders
 * over a virtio port and keeps one Postgres. No init system, no log-in, nothing else runs there.
 */

/** Name of the virtio port that orders come through. */
export const agentPort = "postern.agent";
/** What the probe of an acceleration must see on the console. */
export const probeMarker = "POSTERN-GUEST-ALIVE";
/** Where the host's side of each of the two networks is: users come from the first, Postern from the second. */
export const guestNetworks = {
  users: { network: "10.0.2.0/24", host: "10.0.2.2", guest: "10.0.2.15" },
  own: { network: "10.0.3.0/24", host: "10.0.3.2", guest: "10.0.3.15" },
} as const;

/** Where what Postern sends is kept in the guest; gone with its memory. */
export const guestFolder = "/run/postern";

/** In the order in which the kernel wants them; those that are built in are not there and not missed. */
export const kernelModules = [
  "virtio_ring",
  "virtio",
  "virtio_pci_legacy_dev",
  "virtio_pci_modern_dev",
  "virtio_pci",
  "virtio_blk",
  "failover",
  "net_failover",
  "virtio_net",
  "virtio_console",
  "crc16",
  "mbcache",
  "jbd2",
  "crc32c_generic",
  "libcrc32c",
  "ext4",
] as const;

const { users, own } = guestNetworks;

/** Disks, networks and the port that orders come through. */
const preparing = `#!/bin/sh
export PATH=/bin:/sbin
bb=/bin/busybox
$bb mkdir -p /proc /sys /dev /root
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
if $bb grep -q postern.probe=1 /proc/cmdline; then
  $bb echo ${probeMarker} >/dev/console
  $bb poweroff -f
fi
for name in ${kernelModules.join(" ")}; do
  [ -f /modules/$name.ko ] && $bb insmod /modules/$name.ko 2>/dev/null
done
count=0
while [ ! -b /dev/vdb ] && [ $count -lt 500 ]; do $bb sleep 0.02; count=$((count + 1)); done
$bb mount -t ext4 -o ro /dev/vda /root || { $bb echo "the image cannot be mounted"; $bb poweroff -f; }
$bb mount -t ext4 -o noatime,noinit_itable,discard /dev/vdb /root/data || { $bb echo "the disk cannot be mounted"; $bb poweroff -f; }
for name in dev proc sys; do $bb mount -o bind /$name /root/$name; done
for name in tmp run dev/shm; do $bb mkdir -p /root/$name; $bb mount -t tmpfs -o mode=1777 tmpfs /root/$name; done
$bb mkdir -p -m 0755 /root${guestFolder}
data=/root/data/pg
owner=$($bb stat -c %u:%g $data)
$bb echo "root:x:0:0::/:/bin/sh
postgres:x:$owner::/tmp:/bin/sh" >/root/run/passwd
$bb echo "root:x:0:
postgres:x:\${owner#*:}:" >/root/run/group
$bb ifconfig lo up
$bb ifconfig eth0 ${users.guest} netmask 255.255.255.0
$bb ifconfig eth1 ${own.guest} netmask 255.255.255.0
$bb echo 1 >/proc/sys/vm/overcommit_memory
port=
for folder in /root/sys/class/virtio-ports/*; do
  [ "$($bb cat $folder/name)" = ${agentPort} ] && port=/root/dev/\${folder##*/}
done
[ -n "$port" ] || { $bb echo "there is no port for orders"; $bb poweroff -f; }
exec 3<>$port
say() { $bb echo "$@" >&3; }`;

/** One Postgres: begun, watched and ended. */
const keeping = (
  postgres: string,
): string => `server() { read -r number </root/run/server.pid && echo $number; }

# A file of an earlier life would be taken for the word of this one.
$bb rm -f $data/postmaster.pid

begin() {
  [ -f /root/run/server.pid ] && return
  $bb chroot /root /bin/busybox su postgres -s /bin/sh -c 'exec ${postgres} -D /data/pg' >/dev/console 2>&1 &
  $bb echo $! >/root/run/server.pid
  watch &
}
# Read by the shell itself: another process for each look would slow down what is looked at.
is_alive() {
  while read -r key value others; do
    if [ "$key" = State: ]; then case "$value" in Z*|X*) return 1;; *) return 0;; esac; fi
  done 2>/dev/null </proc/$(server)/status
  return 1
}
takes_clients() {
  [ -f $data/postmaster.pid ] || return 1
  line=0
  while read -r value others; do
    line=$((line + 1))
    [ $line = 8 ] && [ "$value" = ready ] && return 0
  done <$data/postmaster.pid
  return 1
}
watch() {
  while is_alive; do
    # Nobody may listen at this moment; a word waits for them, and this loop does not.
    if takes_clients; then say ready & break; fi
    $bb sleep 0.1
  done
  while is_alive; do $bb sleep 1; done
  [ -f /root/run/stopping ] && exit
  say died &
  leave
}
# Everything is on the disk before the power goes.
leave() {
  $bb sync
  $bb umount /root/data 2>/dev/null
  $bb poweroff -f
}
finish() {
  $bb touch /root/run/stopping
  if [ -f /root/run/server.pid ]; then
    $bb kill -\${1:-INT} $(server) 2>/dev/null
    while is_alive; do $bb sleep 0.05; done
  fi
  say stopped &
  leave
}`;

/** Orders, one a line; each is answered by a line. */
const obeying = `# One file at a time, whole or not at all: name, mode, text in base64.
receive() {
  case "$1" in
    data/*) target=/root/data/pg/\${1#data/};;
    *) target=/root${guestFolder}/$1;;
  esac
  $bb echo "$3" | $bb base64 -d >$target.new && $bb chmod $2 $target.new && $bb chown $owner $target.new && $bb mv $target.new $target
}
while :; do
  if ! read -r order rest <&3; then $bb sleep 1; continue; fi
  case "$order" in
    file) receive $rest && say "done file" || say "failed file";;
    start) begin; say "done start";;
    ping)
      if [ ! -f /root/run/server.pid ]; then say "pong waiting $rest"
      elif is_alive && takes_clients; then say "pong ready $rest"
      else say "pong starting $rest"; fi;;
    reload) [ -f /root/run/server.pid ] && $bb kill -HUP $(server); say "done reload";;
    time) $bb date -u -s "@$rest" >/dev/null; say "done time";;
    freeze) $bb fsfreeze -f /root/data && say "done freeze" || say "failed freeze";;
    thaw) $bb fsfreeze -u /root/data && say "done thaw" || say "failed thaw";;
    grow) $bb chroot /root /usr/sbin/resize2fs /dev/vdb >/dev/null 2>&1 && say "done grow" || say "failed grow";;
    room) set -- $($bb df -Pk /root/data | $bb tail -n 1); say "done room $2 $4";;
    stop) finish $rest;;
    *) say "failed $order";;
  esac
done`;

/** @param postgres path of the server's program in the guest */
export const renderGuestInit = (postgres: string): string =>
  `${preparing}\n${keeping(postgres)}\n${obeying}\n`;
