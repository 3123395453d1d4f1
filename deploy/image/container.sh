#!/bin/sh
# In a mount namespace of its own: lays out what a container sees, gives up root, and becomes the command.
# Called by deploy/image/container.py: container.sh ROOT FOLDER USER GROUP STACK COMMAND …
set -eu
root=$1 folder=$2 user=$3 group=$4 stack=$5
shift 5

mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o nosuid,nodev,size=64m,mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o nosuid,nodev,noexec,size=16m tmpfs "$root/run"

seen=$root/run/stack
mkdir -p "$seen/storage" "$seen/anchors" "$seen/certificates"
cp "$stack/certificates/authority.pem" "$seen/certificates/authority.pem"
install -m 400 -o "$user" -g "$group" "$stack/secrets.json" "$seen/secrets.json"
mount --bind "$stack/storage" "$seen/storage"
mount --bind "$stack/anchors" "$seen/anchors"
mount -o remount,bind,ro "$root"

# The three that are kept are what is needed to change root and user; changing the user drops them.
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+sys_chroot,+setuid,+setgid -- \
    unshare --root="$root" --wd="$folder" --setgid="$group" --setuid="$user" -- "$@"
